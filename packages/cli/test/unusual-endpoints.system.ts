import { describe, expect, it } from 'vitest'
import { examine } from './examine.js'
import { startUnusual, type Unusual } from './unusual-endpoint.js'

const PAGE = '<!DOCTYPE html>\n<html lang="en"><head><title>Error</title></head><body><pre>Error</pre></body></html>'
const randomWord = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url')

const UNUSUAL: { readonly [name: string]: Unusual } = {
  'a slow handler': { handlerMs: () => 300 },
  'a handler of very different times': { handlerMs: () => Math.random() * 120 },
  'a web page as success': { successBody: () => '<!doctype html><title>Received</title>' },
  'a web page as success, and keys already': {
    successBody: () => '<!doctype html><title>Received</title>',
    isWarm: true,
  },
  'web pages as errors, and keys already': { errorBody: PAGE, headers: { 'content-type': 'text/html' }, isWarm: true },
  '200 for forgeries and garbage, and keys already': { refusal: 200, isWarm: true },
  'web pages as errors': { errorBody: PAGE, headers: { 'content-type': 'text/html' } },
  'web pages as errors, 400 for forgeries': { errorBody: PAGE, refusal: 400 },
  'another word in each answer': { successBody: randomWord },
  'a request id in each answer': { successBody: (outcome) => JSON.stringify({ outcome, request: randomWord() }) },
  'a time in each answer': { successBody: () => new Date().toISOString() },
  'an empty answer': { successBody: () => '' },
  '400 for forgeries': { refusal: 400 },
  '403 for forgeries': { refusal: 403 },
  '404 for forgeries': { refusal: 404 },
  '200 for forgeries and garbage': { refusal: 200 },
  'headers of a proxy': { headers: { via: '1.1 proxy', 'x-cache': 'MISS', 'set-cookie': 'lb=1', location: '/here' } },
  'a far network': { latencyMs: 120 },
  'a cold start': { coldStartMs: 1500 },
  'one request at a time': { room: { size: 1, rest: 'waits' } },
  'one request at a time, with a slow handler': { room: { size: 1, rest: 'waits' }, handlerMs: () => 60 },
  'room for three requests, others get 503': { room: { size: 3, rest: 'is answered 503' }, handlerMs: () => 20 },
  'room for three requests, others get 429': { room: { size: 3, rest: 'is answered 429' }, handlerMs: () => 20 },
  'a queue': { isQueue: true },
  'a queue with a slow worker': { isQueue: true, handlerMs: () => 200 },
  'a queue whose worker obeys': { isQueue: true, isCooperating: true },
  'a failure on each first attempt': { failsAtFirst: true, handlerMs: () => 20 },
  'duplicates that wait': { sharesAnswers: true, isCooperating: true },
  'a memory of 10,000 events': { remembers: 10_000, isCooperating: true },
  'a health check on the same URL': { isHealthCheck: true },
  'required headers': { requires: ['webhook-id', 'host'] },
  'two media types': { mediaTypes: /^application\/(?:jwt|json)$/ },
  'HTTP/1.0': { isHttp10: true },
  'connections that are closed': { headers: { connection: 'close' } },
}

describe.concurrent.each([
  ['', false],
  [', with --ran-url', true],
])('no finding at a right endpoint%s', (_name, isTold) => {
  it.each(Object.entries(UNUSUAL))('with %s', async (_name, unusual) => {
    const report = await examine(async ({ url: issuer }) => {
      const { url, ranUrl, close } = await startUnusual(unusual, issuer)
      return { url, close, ...(isTold ? { ranUrl } : {}) }
    })
    // without an event that fails, a queue looks like an endpoint that does not wait for its handler
    const allowed = isTold && unusual.isQueue && !unusual.isCooperating ? ['acknowledged_before_handled, likely'] : []
    expect(report.findings.map(({ id, confidence }) => `${id}, ${confidence}`)).toStrictEqual(allowed)
  })
})

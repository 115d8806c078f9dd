import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { recordingTerminal, stdinOf } from '../../test/recording-terminal.js'
import { parseCapture } from './parse-capture.js'
import { readCapture } from './read-capture.js'

const TOKEN = 'eyJhbGciOiJSUzI1NiJ9.eyJ0eXBlIjoieCJ9.c2lnbmF0dXJl'
const OTHER = 'eyJhbGciOiJSUzI1NiJ9.eyJ0eXBlIjoieSJ9.c2lnbmF0dXJl'
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const bare = (body: string) => ({ method: 'POST', headers: {}, body })
const RAW_HTTP = `POST /hook HTTP/1.1\r\nWebhook-Id: w1\r\n\r\n${TOKEN}`
const LAMBDA_EVENT = { headers: { 'Webhook-Id': 'w1' }, body: base64(TOKEN), isBase64Encoded: true }

describe('parseCapture', () => {
  it.each([
    { what: 'a token with a line end', text: 'a.b.c\n', requests: [bare('a.b.c')] },
    {
      what: 'a raw request',
      text: 'POST /hook HTTP/1.1\r\nHost: x\r\nWebhook-Id: w1\r\nX-A: 1\r\nx-a: 2\r\n\r\na.b.c',
      requests: [{ method: 'POST', headers: { host: 'x', 'webhook-id': 'w1', 'x-a': '1, 2' }, body: 'a.b.c' }],
    },
    {
      what: 'a raw request with bare line ends and a chunked body',
      text: 'PUT /hook HTTP/1.1\ntransfer-encoding: chunked\n\n3\na.b\n2\n.c\n0\n\n',
      requests: [{ method: 'PUT', headers: { 'transfer-encoding': 'chunked' }, body: 'a.b.c' }],
    },
    { what: 'a JSON string', text: '"a.b.c"', requests: [bare('a.b.c')] },
    { what: 'JSON with a body', text: '{"body":"a.b.c\\n"}', requests: [bare('a.b.c')] },
    {
      what: 'JSON with a body as a Buffer',
      text: JSON.stringify({ body: Buffer.from(TOKEN) }),
      requests: [bare(TOKEN)],
    },
    {
      what: "a function's event in base64",
      text: JSON.stringify({ ...LAMBDA_EVENT, requestContext: { http: { method: 'PUT' } } }),
      requests: [{ method: 'PUT', headers: { 'webhook-id': 'w1' }, body: TOKEN }],
    },
    {
      what: "a request bin's JSON with headers as a list",
      text: JSON.stringify({
        request: { method: 'post', headers: [{ name: 'X-A', value: '1' }, {}], content: 'a.b.c' },
      }),
      requests: [{ method: 'POST', headers: { 'x-a': '1' }, body: 'a.b.c' }],
    },
    {
      what: 'headers with lists of values',
      text: '{"headers":{"x-a":["1","2"],"x-b":3},"token":"a.b.c"}',
      requests: [{ method: 'POST', headers: { 'x-a': '1, 2' }, body: 'a.b.c' }],
    },
    {
      what: "ngrok's request with base64 raw",
      text: JSON.stringify({
        uri: '/api/requests/http/1',
        request: { raw: base64(RAW_HTTP), uri: '/hook' },
        response: { raw: base64('HTTP/1.1 200 OK') },
      }),
      requests: [{ method: 'POST', headers: { 'webhook-id': 'w1' }, body: TOKEN }],
    },
    {
      what: "ngrok's list of requests",
      text: JSON.stringify({
        requests: [
          { request: { raw: base64(RAW_HTTP) } },
          { request: { raw: base64(RAW_HTTP.replace(TOKEN, OTHER)) } },
        ],
      }),
      requests: [
        { method: 'POST', headers: { 'webhook-id': 'w1' }, body: TOKEN },
        { method: 'POST', headers: { 'webhook-id': 'w1' }, body: OTHER },
      ],
    },
    {
      what: 'a HAR file',
      text: JSON.stringify({
        log: {
          entries: [
            {
              request: {
                method: 'GET',
                url: 'http://x',
                headers: [{ name: 'authorization', value: `Bearer ${OTHER}` }],
              },
            },
            {
              request: {
                method: 'POST',
                headers: [{ name: 'Webhook-Id', value: 'w1' }],
                postData: { mimeType: 'application/jwt', text: TOKEN },
              },
              response: { content: { text: OTHER } },
            },
          ],
        },
      }),
      requests: [{ method: 'POST', headers: { 'webhook-id': 'w1' }, body: TOKEN }],
    },
    {
      what: 'CloudWatch events whose messages contain JSON after a prefix',
      text: JSON.stringify({
        events: [
          { timestamp: 1, message: 'START RequestId: 1 Version: $LATEST\n' },
          { timestamp: 2, message: `2026-01-01T00:00:00Z\tabc\tINFO\t${JSON.stringify(LAMBDA_EVENT)}\n` },
        ],
      }),
      requests: [{ method: 'POST', headers: { 'webhook-id': 'w1' }, body: TOKEN }],
    },
    {
      what: 'a CloudWatch subscription',
      text: JSON.stringify({
        awslogs: { data: gzipSync(JSON.stringify({ logEvents: [{ message: `body ${TOKEN}` }] })).toString('base64') },
      }),
      requests: [bare(TOKEN)],
    },
    { what: 'a list', text: JSON.stringify([TOKEN, { body: OTHER }]), requests: [bare(TOKEN), bare(OTHER)] },
    {
      what: 'log lines, each token once, without access tokens',
      text: `info received ${TOKEN}\nauthorization: Bearer ${OTHER}\n{"level":30,"content":"x","msg":"again ${TOKEN}"}\n`,
      requests: [bare(TOKEN)],
    },
    { what: 'broken JSON as a body', text: '{"body":', requests: [bare('{"body":')] },
  ])('reads $what', ({ text, requests }) => {
    expect(parseCapture(text)).toStrictEqual(requests)
  })

  it.each([
    ['{"type":"customer.plan_changed","data":{}}', 'This is the decoded payload of a token.'],
    ['{"status":"ok"}', 'The JSON does not contain a delivery.'],
    ['[]', 'The JSON does not contain a delivery.'],
    [`${'['.repeat(3000)}${']'.repeat(3000)}`, 'The JSON does not contain a delivery.'],
  ])('refuses %.50s', (text, message) => {
    expect(() => parseCapture(text)).toThrow(message)
  })
})

describe('readCapture', () => {
  it('reads standard input as PowerShell writes it', async () => {
    const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('a.b.c\r\n', 'utf16le')])
    const { terminal } = await recordingTerminal({ stdin: stdinOf(utf16) })
    expect(await readCapture('-', terminal)).toBe('a.b.c\r\n')
  })

  it.each([
    ['missing.txt', 'Cannot read missing.txt (ENOENT)'],
    ['.', 'Cannot read . (EISDIR)'],
    ['-', 'Standard input is empty'],
  ])('names the problem with %s', async (source, message) => {
    const { terminal } = await recordingTerminal()
    await expect(readCapture(source, terminal)).rejects.toThrow(message)
  })
})

import { gzipSync } from 'node:zlib'
import { billingEventFixture } from '@kinde-billing/testing'
import { describe, expect, it } from 'vitest'
import { recordingTerminal, stdinOf } from '../../test/recording-terminal.js'
import { createDevelopmentKey } from '../issuer/development-key.js'
import { parseCapture } from './parse-capture.js'
import { readCapture } from './read-capture.js'

const { sign } = createDevelopmentKey()
const [TOKEN, OTHER] = [
  sign({ ...billingEventFixture('customer.plan_changed') }),
  sign({ ...billingEventFixture('customer.payment_failed') }),
]
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const json = (value: unknown): string => JSON.stringify(value)

const HEADERS = { 'Content-Type': 'application/jwt', 'Webhook-Id': 'webhook_1' }
const HEADER_LINES = 'Host: acme.com\r\nContent-Type: application/jwt\r\nWebhook-Id: webhook_1'
const http = (token: string): string => `POST /webhooks/kinde HTTP/1.1\r\n${HEADER_LINES}\r\n\r\n${token}`
const chunked = `POST / HTTP/1.1\r\n${HEADER_LINES}\r\nTransfer-Encoding: chunked\r\n\r\n${TOKEN.length.toString(16)}\r\n${TOKEN}\r\n0\r\n\r\n`
const ngrok = (token: string) => ({
  uri: '/api/requests/http/1',
  id: '1',
  request: { method: 'POST', proto: 'HTTP/1.1', headers: { Host: ['acme.com'] }, uri: '/', raw: base64(http(token)) },
  response: { status: '401 Unauthorized', raw: base64(`HTTP/1.1 401 Unauthorized\r\n\r\n${OTHER}`) },
})
const harEntry = (token: string) => ({
  startedDateTime: '2026-05-01T07:41:45.592Z',
  request: {
    method: 'POST',
    url: 'https://acme.com/webhooks/kinde',
    headers: Object.entries(HEADERS).map(([name, value]) => ({ name, value })),
    postData: { mimeType: 'application/jwt', text: token },
  },
  response: { status: 200, content: { mimeType: 'application/json', text: '{"status":"processed"}' } },
})
const lambda = (token: string) => ({
  version: '2.0',
  headers: HEADERS,
  requestContext: { http: { method: 'POST', path: '/webhooks/kinde' } },
  body: base64(token),
  isBase64Encoded: true,
})
const logEvent = (message: string, id = 1) => ({
  logStreamName: 'a',
  timestamp: id,
  message,
  ingestionTime: id,
  eventId: `${id}`,
})
const START = 'START RequestId: 8e1f Version: $LATEST\n'
const subscription = (messages: readonly string[]) => ({
  awslogs: {
    data: gzipSync(
      json({
        messageType: 'DATA_MESSAGE',
        logGroup: '/aws/lambda/x',
        logEvents: messages.map((message, id) => ({ id: `${id}`, timestamp: id, message })),
      }),
    ).toString('base64'),
  },
})
const withId = { 'webhook-id': 'webhook_1' }

/** Every form that docs/cli.md promises, and the headers that are found beside the token. */
const FORMS: readonly { form: string; text: string; bodies?: readonly string[]; headers?: object }[] = [
  { form: 'the token alone', text: TOKEN },
  { form: 'the token with quotes', text: json(TOKEN) },
  { form: 'the token in base64', text: base64(TOKEN) },
  { form: 'the token wrapped at 76 characters in base64', text: base64(TOKEN).replace(/.{76}/g, '$&\n') },
  { form: 'raw HTTP', text: http(TOKEN), headers: withId },
  { form: 'raw HTTP, HTTP/2', text: http(TOKEN).replace('HTTP/1.1', 'HTTP/2'), headers: withId },
  { form: 'raw HTTP, chunked', text: chunked, headers: withId },
  { form: 'two raw requests', text: `${http(TOKEN)}\r\n\r\n${http(OTHER)}`, bodies: [TOKEN, OTHER], headers: withId },
  {
    form: 'raw HTTP with access token',
    text: http(TOKEN).replace('Host:', `Authorization: Bearer ${OTHER}\r\nHost:`),
    headers: withId,
  },
  { form: 'raw HTTP in base64', text: base64(http(TOKEN)), headers: withId },
  { form: 'JSON with headers and body', text: json({ headers: HEADERS, body: TOKEN }), headers: withId },
  { form: 'JSON with isBase64Encoded', text: json(lambda(TOKEN)), headers: withId },
  {
    form: 'JSON with isBase64Encoded false',
    text: json({ headers: HEADERS, body: TOKEN, isBase64Encoded: false }),
    headers: withId,
  },
  {
    form: 'JSON with multiValueHeaders',
    text: json({ httpMethod: 'POST', headers: null, multiValueHeaders: { 'Webhook-Id': ['webhook_1'] }, body: TOKEN }),
    headers: withId,
  },
  { form: 'JSON at depth', text: json({ a: [{ b: { event: json(lambda(TOKEN)) } }] }), headers: withId },
  { form: 'formatted JSON', text: JSON.stringify(lambda(TOKEN), null, 2), headers: withId },
  {
    form: "a request bin's request",
    text: json({ data: [{ method: 'POST', headers: { 'webhook-id': ['webhook_1'] }, content: TOKEN }] }),
    headers: withId,
  },
  { form: "ngrok's request", text: json(ngrok(TOKEN)), headers: withId },
  { form: "ngrok's request.raw alone", text: json({ raw: base64(http(TOKEN)) }), headers: withId },
  {
    form: "ngrok's list",
    text: json({ uri: '/api/requests/http', requests: [ngrok(TOKEN), ngrok(OTHER)] }),
    bodies: [TOKEN, OTHER],
    headers: withId,
  },
  { form: 'a HAR file', text: json({ log: { version: '1.2', entries: [harEntry(TOKEN)] } }), headers: withId },
  {
    form: 'a HAR file with base64',
    text: json({
      log: {
        entries: [{ request: { method: 'POST', headers: [], postData: { text: base64(TOKEN), encoding: 'base64' } } }],
      },
    }),
  },
  {
    form: 'a HAR file with several entries',
    text: json({ log: { entries: [harEntry(TOKEN), harEntry(OTHER)] } }),
    bodies: [TOKEN, OTHER],
    headers: withId,
  },
  {
    form: 'CloudWatch events with JSON',
    text: json({ events: [logEvent(START), logEvent(`${json(lambda(TOKEN))}\n`, 2)], searchedLogStreams: [] }),
    headers: withId,
  },
  {
    form: 'CloudWatch events with a prefix',
    text: json({ events: [logEvent(`2026-05-01T07:41:45.592Z\t8e1f\tINFO\t${json(lambda(TOKEN))}\n`)] }),
    headers: withId,
  },
  { form: 'CloudWatch events with a token', text: json({ events: [logEvent(`INFO body=${TOKEN}\n`)] }) },
  {
    form: 'a JSON log of Lambda',
    text: json({
      events: [logEvent(json({ timestamp: 't', level: 'INFO', requestId: '8e1f', message: lambda(TOKEN) }))],
    }),
    headers: withId,
  },
  { form: 'a CloudWatch subscription', text: json(subscription([START, json(lambda(TOKEN))])), headers: withId },
  { form: "a subscription's data alone", text: subscription([json(lambda(TOKEN))]).awslogs.data, headers: withId },
  {
    form: 'a subscription in a record',
    text: json({ Records: [{ kinesis: { data: subscription([json(lambda(TOKEN)), `got ${OTHER}`]).awslogs.data } }] }),
    bodies: [TOKEN, OTHER],
  },
  { form: 'an SQS record', text: json({ Records: [{ messageId: '1', body: json(lambda(TOKEN)) }] }), headers: withId },
  { form: 'a list of tokens', text: json([TOKEN, OTHER]), bodies: [TOKEN, OTHER] },
  {
    form: 'a list of requests',
    text: json([{ body: TOKEN, headers: HEADERS }, lambda(OTHER)]),
    bodies: [TOKEN, OTHER],
    headers: withId,
  },
  {
    form: 'a list of lists',
    text: json([[ngrok(TOKEN)], { log: { entries: [harEntry(OTHER)] } }]),
    bodies: [TOKEN, OTHER],
    headers: withId,
  },
  {
    form: 'log lines with JSON',
    text: `info start\n2026-05-01 info ${json(lambda(TOKEN))}\ninfo end`,
    headers: withId,
  },
  {
    form: 'log lines in JSON',
    text: `${json({ level: 30, req: { headers: HEADERS, body: TOKEN } })}\n${json({ level: 30, msg: 'end' })}`,
    headers: withId,
  },
  { form: 'log lines with tokens', text: `a ${TOKEN}\nb [${OTHER}]\n`, bodies: [TOKEN, OTHER] },
  { form: 'log lines with quotes', text: `time=1 body="${TOKEN}" status=401` },
  { form: 'log lines with an access token', text: `authorization: Bearer ${OTHER}\nbody: ${TOKEN}` },
  { form: 'log lines with a level in brackets', text: `[INFO] [8e1f] ${json(lambda(TOKEN))} [end]`, headers: withId },
  {
    form: 'log lines with formatted JSON',
    text: `info received\n${JSON.stringify(lambda(TOKEN), null, 2)}\ninfo end`,
    headers: withId,
  },
  {
    form: 'log lines with JSON in quotes',
    text: `level=info msg=${json(json(lambda(TOKEN)))} status=401`,
    headers: withId,
  },
  { form: 'log lines with two objects', text: `info {"a":1} ${json(lambda(TOKEN))} {"b":"}"}`, headers: withId },
  {
    form: 'log lines with brackets that stay open',
    text: `info [{ " ${TOKEN}\n${json(lambda(OTHER))}`,
    bodies: [TOKEN, OTHER],
  },
  { form: 'one token per line', text: `${TOKEN}\n${OTHER}\n`, bodies: [TOKEN, OTHER] },
  {
    form: 'lines of JSON with a token each',
    text: `${json({ body: TOKEN })}\n${json({ body: OTHER })}\n`,
    bodies: [TOKEN, OTHER],
  },
]

/** Ways in which a file can be written. */
const FILES: readonly (readonly [string, (text: string) => Uint8Array])[] = [
  ['UTF-8', (text) => Buffer.from(text)],
  ['CRLF', (text) => Buffer.from(`${text.replace(/\r?\n/g, '\r\n')}\r\n`)],
  ['LF', (text) => Buffer.from(`${text.replace(/\r\n/g, '\n')}\n`)],
  ['a byte order mark', (text) => Buffer.from(`\ufeff${text}`)],
  ['UTF-16', (text) => Buffer.from(`\ufeff${text}`, 'utf16le')],
  ['UTF-16, the other byte order', (text) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
  ['spaces around', (text) => Buffer.from(`\n  ${text}  \n\n`)],
]

describe.each(FILES)('written as %s', (_written, write) => {
  it.each(FORMS)('reads $form', async ({ text, bodies = [TOKEN], headers = {} }) => {
    const { terminal } = await recordingTerminal({ stdin: stdinOf(write(text)) })
    const requests = parseCapture(await readCapture('-', terminal))
    expect(requests.map(({ body }) => body)).toStrictEqual(bodies)
    expect(requests[0]).toMatchObject({ method: 'POST', headers })
  })
})

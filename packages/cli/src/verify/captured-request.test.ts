import { describe, expect, it } from 'vitest'
import { recordingTerminal, stdinOf } from '../../test/recording-terminal.js'
import { parseCapture, readCapture } from './captured-request.js'

describe('what was captured', () => {
  it.each([
    ['a token alone, with a line end', 'a.b.c\n', { method: 'POST', headers: {}, body: 'a.b.c' }],
    [
      'a raw request',
      'POST /hook HTTP/1.1\r\nHost: x\r\nWebhook-Id: w1\r\nX-A: 1\r\nx-a: 2\r\n\r\na.b.c',
      { method: 'POST', headers: { host: 'x', 'webhook-id': 'w1', 'x-a': '1, 2' }, body: 'a.b.c' },
    ],
    [
      'a raw request with bare line ends and a chunked body',
      'PUT /hook HTTP/1.1\ntransfer-encoding: chunked\n\n3\na.b\n2\n.c\n0\n\n',
      { method: 'PUT', headers: { 'transfer-encoding': 'chunked' }, body: 'a.b.c' },
    ],
    ['a JSON string', '"a.b.c"', { method: 'POST', headers: {}, body: 'a.b.c' }],
    ['JSON with a body', '{"body":"a.b.c\\n"}', { method: 'POST', headers: {}, body: 'a.b.c' }],
    [
      "a function's event, in base64",
      JSON.stringify({
        headers: { 'Webhook-Id': 'w1' },
        body: Buffer.from('a.b.c').toString('base64'),
        isBase64Encoded: true,
      }),
      { method: 'POST', headers: { 'webhook-id': 'w1' }, body: 'a.b.c' },
    ],
    [
      "a request bin's, with headers as a list",
      JSON.stringify({ request: { method: 'post', headers: [{ name: 'X-A', value: '1' }, {}], content: 'a.b.c' } }),
      { method: 'POST', headers: { 'x-a': '1' }, body: 'a.b.c' },
    ],
    [
      'headers with lists of values',
      '{"headers":{"x-a":["1","2"],"x-b":3},"token":"a.b.c"}',
      { method: 'POST', headers: { 'x-a': '1, 2' }, body: 'a.b.c' },
    ],
    ['broken JSON, taken for a body', '{"body":', { method: 'POST', headers: {}, body: '{"body":' }],
  ])('%s', (_name, text, request) => {
    expect(parseCapture(text)).toStrictEqual(request)
  })

  it('refuses a payload that was decoded before', () => {
    expect(() => parseCapture('{"type":"customer.plan_changed","data":{}}')).toThrow(
      'A payload that somebody has decoded cannot be verified.',
    )
  })
})

describe('where it is', () => {
  it('reads standard input, also as PowerShell writes it', async () => {
    const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('a.b.c\r\n', 'utf16le')])
    const { terminal } = await recordingTerminal({ stdin: stdinOf(utf16) })
    expect(await readCapture('-', terminal)).toBe('a.b.c\r\n')
  })

  it.each([
    ['missing.txt', 'missing.txt cannot be read (ENOENT): name a file'],
    ['.', '. cannot be read (EISDIR)'],
    ['-', 'Standard input is empty'],
  ])('says what is wrong with %s', async (source, message) => {
    const { terminal } = await recordingTerminal()
    await expect(readCapture(source, terminal)).rejects.toThrow(message)
  })
})

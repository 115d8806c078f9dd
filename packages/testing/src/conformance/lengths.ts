import { expect } from 'vitest'
import { ANSWERS, expectAnswer } from './answers.js'
import { chunked, exchange, type HeaderLine, request, requestHead } from './http-request.js'
import { LIMIT_BYTES, type Suite } from './suite.js'

const contentLength = (value: string | number): HeaderLine => ['content-length', String(value)]
const CHUNKED: HeaderLine = ['transfer-encoding', 'chunked']

/** Lengths that no server may believe: two that differ, or none that is a number. The server's own parser refuses them. */
const INVALID: [what: string, headers: HeaderLine[]][] = [
  ['negative', [contentLength(-5)]],
  ['no number', [contentLength('many')]],
  ['hexadecimal', [contentLength('0x10')]],
  ['beyond every integer', [contentLength('99999999999999999999')]],
  ['two of them', [contentLength(5), contentLength(6)]],
  ['beside transfer-encoding', [contentLength(5), CHUNKED]],
]

/** Requests whose announced length differs from the body, and bodies around the limit. */
export function lengths(suite: Suite): void {
  const { it } = suite
  it('runs nothing for a length that is too short', async () => {
    const { id, token } = await suite.event()
    const answer = await request(suite.endpoint.url, { headers: [contentLength(token.length - 10)], body: token })
    // the server's own parser may come first
    expect([400, ANSWERS.unauthorized.status]).toContain(answer?.status)
    expect(suite.endpoint.runs(id)).toBe(0)
  })

  if (suite.platform.buffersBodies !== true)
    it('waits for the rest of a length that is too long, until the time for the body is over', async () => {
      const { id, token } = await suite.event()
      const answer = await request(suite.impatient.url, { headers: [contentLength(token.length + 10)], body: token })
      expectAnswer(answer, ANSWERS.requestTimeout)
      expect(suite.impatient.runs(id)).toBe(0)
    })

  it('runs nothing if the connection ends before the announced length', async () => {
    const { id, token } = await suite.event()
    const head = requestHead(suite.endpoint.url, { headers: [contentLength(token.length + 10)] })
    const answer = await exchange(suite.endpoint.url, (socket) => socket.end(head + token))
    expect([undefined, 400]).toContain(answer?.status)
    expect(suite.endpoint.runs(id)).toBe(0)
  })

  it.each(INVALID)('refuses an invalid length: %s', async (_, headers) => {
    const { id, token } = await suite.event()
    const answer = await request(suite.endpoint.url, { headers, body: chunked(token) })
    expect(answer?.status).toBe(400)
    expect(suite.endpoint.runs(id)).toBe(0)
  })

  it.each([
    ['a length of 0', [contentLength(0)], ''],
    ['no length', [['content-length', undefined]], ''],
    ['chunks', [CHUNKED], chunked()],
  ] satisfies [string, HeaderLine[], string][])('refuses an empty body with %s', async (_, headers, body) => {
    expectAnswer(await request(suite.endpoint.url, { headers, body }), ANSWERS.unauthorized)
  })

  it('puts chunks of any size together, with extensions and a trailer', async () => {
    const { id, token } = await suite.event()
    const [first = '', ...rest] = token.match(/.{1,100}/g) ?? []
    const body = `${first.length.toString(16)};extension=1\r\n${first}\r\n${chunked(...rest).slice(0, -2)}x-trailer: 1\r\n\r\n`
    expectAnswer(await request(suite.endpoint.url, { headers: [CHUNKED], body }), ANSWERS.processed)
    expect(suite.endpoint.runs(id)).toBe(1)
  })

  it.each([[0], [1]])('limits a body with a length, at the limit and %i more', async (more) => {
    const answer = await request(suite.endpoint.url, { body: 'a'.repeat(LIMIT_BYTES + more) })
    expectAnswer(answer, more === 0 ? ANSWERS.unauthorized : ANSWERS.payloadTooLarge)
  })

  it.each([[0], [1]])('limits a body in chunks, at the limit and %i more', async (more) => {
    const body = chunked('a'.repeat(LIMIT_BYTES / 2), 'a'.repeat(LIMIT_BYTES / 2 + more))
    const answer = await request(suite.endpoint.url, { headers: [CHUNKED], body })
    expectAnswer(answer, more === 0 ? ANSWERS.unauthorized : ANSWERS.payloadTooLarge)
  })

  it('answers a body far over the limit while it is being sent', async () => {
    const answer = await request(suite.endpoint.url, { body: Buffer.alloc(2 ** 23, 'a') })
    expectAnswer(answer, ANSWERS.payloadTooLarge)
  })
}

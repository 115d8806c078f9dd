import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { expect } from 'vitest'
import { ANSWERS, expectAnswer } from './answers.js'
import { type HeaderLine, request } from './http-request.js'
import type { Suite } from './suite.js'

const contentEncoding = (...values: string[]): HeaderLine[] => values.map((value) => ['content-encoding', value])

const REFUSED: [what: string, headers: HeaderLine[], encode: (token: string) => Uint8Array][] = [
  ['gzip', contentEncoding('gzip'), (token) => gzipSync(token)],
  ['gzip in another case', contentEncoding('GZip'), (token) => gzipSync(token)],
  ['deflate', contentEncoding('deflate'), (token) => deflateSync(token)],
  ['br', contentEncoding('br'), (token) => brotliCompressSync(token)],
  ['gzip that is announced only', contentEncoding('gzip'), (token) => Buffer.from(token)],
  ['a bomb of 16 MiB', contentEncoding('gzip'), () => gzipSync(Buffer.alloc(2 ** 24))],
  ['a chain', contentEncoding('gzip, gzip'), (token) => gzipSync(gzipSync(token))],
  ['a chain that begins with identity', contentEncoding('identity, gzip'), (token) => gzipSync(token)],
  ['a chain in two lines', contentEncoding('identity', 'gzip'), (token) => gzipSync(token)],
]

/** Kinde sends its tokens plain. A body that must be decoded first could be of any size. */
export function encodings(suite: Suite): void {
  const { it } = suite
  it.each(REFUSED)('refuses %s', async (_, headers, encode) => {
    const { id, token } = await suite.event()
    expectAnswer(await request(suite.endpoint.url, { headers, body: encode(token) }), ANSWERS.unsupportedMediaType)
    expect(suite.endpoint.runs(id)).toBe(0)
  })

  it.each([['identity'], ['Identity'], ['identity, identity'], ['']])(
    'accepts the content-encoding %j',
    async (value) => {
      const { id, token } = await suite.event()
      const answer = await request(suite.endpoint.url, { headers: contentEncoding(value), body: token })
      expectAnswer(answer, ANSWERS.processed)
      expect(suite.endpoint.runs(id)).toBe(1)
    },
  )

  it('refuses gzip that is not announced', async () => {
    const { token } = await suite.event()
    expectAnswer(await request(suite.endpoint.url, { body: gzipSync(token) }), ANSWERS.unauthorized)
  })
}

import { afterAll, beforeAll, expect } from 'vitest'
import { ANSWERS, expectAnswer } from './answers.js'
import type { HttpAnswer } from './http-answer.js'
import { type HeaderLine, type HttpRequest, request } from './http-request.js'
import { LIMIT_BYTES, type Suite } from './suite.js'

const MARKER = 'xq7zecho'

const REFUSED: [what: string, request: HttpRequest][] = [
  ['another method', { method: 'PUT', body: MARKER }],
  ['a form', { headers: [['content-type', `multipart/form-data; boundary=${MARKER}`]], body: MARKER }],
  ['an encoding', { headers: [['content-encoding', MARKER]], body: MARKER }],
  ['no token', { body: MARKER }],
  ['three parts of nothing', { body: `${MARKER}.${MARKER}.${MARKER}` }],
  ['too much', { body: MARKER.repeat(LIMIT_BYTES / MARKER.length + 1) }],
]
const MARKED: HeaderLine[] = [
  ['webhook-id', MARKER],
  ['x-request-id', MARKER],
  ['cookie', `session=${MARKER}`],
  ['origin', `https://${MARKER}.example`],
  ['host', `${MARKER}.example`],
]

/** Checks that responses hold nothing of the request and no reason, and that logs and hooks hold no token. */
export function secrets(suite: Suite): void {
  const { it } = suite
  const lines: string[] = []
  const { error, warn } = console
  beforeAll(() => {
    const write = (...values: unknown[]): void => void lines.push(values.map(String).join(' '))
    Object.assign(console, { error: write, warn: write })
  })
  afterAll(() => void Object.assign(console, { error, warn }))

  it.each(REFUSED)('returns nothing of a refused request: %s', async (_, { headers = [], ...refused }) => {
    const answer = await request(`${suite.endpoint.url}?${MARKER}`, { ...refused, headers: [...MARKED, ...headers] })
    expect(answer?.status).toBeGreaterThanOrEqual(400)
    expect(answer?.raw.toLowerCase()).not.toContain(MARKER)
  })

  it('answers everything that is not authentic alike', async () => {
    const { token } = await suite.event()
    const [header = '', payload = '', signature = ''] = token.split('.')
    const claims = { event_id: 'event_1', type: 'customer.plan_changed' }
    const forgeries = [
      `${header}.${payload}.${signature.slice(0, -4)}AAAA`,
      await suite.issuer.sign(claims, { header: { kid: 'unknown' } }),
      await suite.issuer.sign(claims, { header: { alg: 'HS256' } }),
      await suite.issuer.sign(claims, { header: { typ: 'at+jwt' } }),
      await suite.issuer.sign({ ...claims, iss: 'https://attacker.example' }),
      await suite.issuer.sign({ ...claims, aud: 'api' }),
      'no token at all',
    ]
    const answers = await Promise.all(forgeries.map((body) => request(suite.endpoint.url, { body })))
    for (const answer of answers) expectAnswer(answer, ANSWERS.unauthorized)
    expect(new Set(answers.map(withoutDate)).size).toBe(1)
  })

  it('writes no token into the line about a failure', async () => {
    const endpoint = await suite.open({ onOutcome: undefined, onWarning: undefined })
    const failing = await suite.event()
    endpoint.handle(failing.id, () => {
      throw new Error('the shop is closed')
    })
    for (const body of [failing.token, `${failing.token}A`, failing.token.slice(0, -8)])
      await request(endpoint.url, { body })
    for (const line of lines) expectNoToken(line, [failing.token])
  })

  it('gives no token to the hooks of the application', () => {
    expect(suite.overheard.length).toBeGreaterThan(0)
    for (const text of suite.overheard) expectNoToken(text, suite.tokens)
  })
}

function withoutDate(answer: HttpAnswer | undefined): string | undefined {
  return answer?.raw.replace(/^date:.*\r\n/im, '')
}

/** Neither the payload nor the signature of one, whole or begun. */
function expectNoToken(text: string, tokens: readonly string[]): void {
  const leaked = tokens.flatMap((token) => token.split('.').slice(1)).filter((part) => text.includes(part.slice(0, 40)))
  expect(leaked).toEqual([])
}

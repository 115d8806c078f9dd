import { expect } from 'vitest'
import { ANSWERS, expectAnswer } from './answers.js'
import { type HeaderLine, request } from './http-request.js'
import type { Suite } from './suite.js'

const contentType = (...values: (string | undefined)[]): HeaderLine[] => values.map((value) => ['content-type', value])

const ACCEPTED: [what: string, headers: HeaderLine[]][] = [
  ['application/jwt', contentType('application/jwt')],
  ['another case', contentType('Application/JWT')],
  ['a parameter', contentType('application/jwt; charset=utf-8')],
  ['a parameter without a value', contentType('application/jwt; charset')],
  ['application/json, as it was before', contentType('application/json')],
  ['text/plain', contentType('text/plain')],
  ['application/octet-stream', contentType('application/octet-stream')],
  ['an empty one', contentType('')],
  ['none at all', contentType(undefined)],
  ['one that is malformed', contentType('jwt')],
  ['two in one line', contentType('application/jwt, application/jwt')],
  ['two lines', contentType('application/jwt', 'application/json')],
]

const FORMS: [what: string, headers: HeaderLine[]][] = [
  ['a plain form', contentType('application/x-www-form-urlencoded')],
  ['a form in another case, with a parameter', contentType('APPLICATION/X-WWW-Form-Urlencoded; charset=utf-8')],
  ['a multipart form', contentType('multipart/form-data; boundary=x')],
  ['another multipart type', contentType('multipart/mixed; boundary=x')],
  ['a form in the second line', contentType('application/jwt', 'multipart/form-data; boundary=x')],
  ['a form after a comma', contentType('application/jwt, application/x-www-form-urlencoded')],
]

const WRAPPINGS: [what: string, type: string, wrap: (token: string) => string][] = [
  ['a JSON object around it', 'application/json', (token) => JSON.stringify({ token })],
  ['JSON quotes around it', 'application/json', (token) => JSON.stringify(token)],
  ['a name before it', 'text/plain', (token) => `token=${token}`],
  ['a scheme before it', 'application/jwt', (token) => `Bearer ${token}`],
]

/** The signature decides, not the media type; but forms, which browsers send across origins, are refused. */
export function mediaTypes(suite: Suite): void {
  const { it } = suite
  it.each(ACCEPTED)('accepts %s', async (_, headers) => {
    const { id, token } = await suite.event()
    expectAnswer(await request(suite.endpoint.url, { headers, body: token }), ANSWERS.processed)
    expect(suite.endpoint.runs(id)).toBe(1)
  })

  it.each(FORMS)('refuses %s', async (_, headers) => {
    const { id, token } = await suite.event()
    expectAnswer(await request(suite.endpoint.url, { headers, body: token }), ANSWERS.unsupportedMediaType)
    expect(suite.endpoint.runs(id)).toBe(0)
  })

  it.each(WRAPPINGS)('refuses a token with %s', async (_, type, wrap) => {
    const { id, token } = await suite.event()
    const answer = await request(suite.endpoint.url, { headers: contentType(type), body: wrap(token) })
    expectAnswer(answer, ANSWERS.unauthorized)
    expect(suite.endpoint.runs(id)).toBe(0)
  })
}

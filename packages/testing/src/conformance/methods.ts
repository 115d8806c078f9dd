import { expect, it } from 'vitest'
import { ANSWERS, expectAnswer } from './answers.js'
import { request } from './http-request.js'
import type { Suite } from './suite.js'

const WITHOUT_BODY = ['GET', 'HEAD', 'TRACE']
const WITH_BODY = ['PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** Every method but POST. */
export function methods(suite: Suite): void {
  it.each(WITHOUT_BODY)('refuses %s', async (method) => {
    const answer = await request(suite.endpoint.url, { method })
    expectAnswer(answer, method === 'HEAD' ? { ...ANSWERS.methodNotAllowed, body: '' } : ANSWERS.methodNotAllowed)
  })

  it.each(WITH_BODY)('refuses %s, with a genuine token too', async (method) => {
    const { id, token } = await suite.event()
    expectAnswer(await request(suite.endpoint.url, { method, body: token }), ANSWERS.methodNotAllowed)
    expect(suite.endpoint.runs(id)).toBe(0)
  })
}

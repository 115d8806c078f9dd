import { expect, it } from 'vitest'
import type { BodyConsumer } from './adapter.js'
import { ANSWERS, expectAnswer } from './answers.js'
import { request } from './http-request.js'
import type { Suite } from './suite.js'

/** A body that something has read before the adapter: handled by its exact bytes or refused, never believed. */
export function consumedBodies(suite: Suite, consumers: { readonly [name: string]: BodyConsumer }): void {
  // not `it.each`: Jest refuses it with an empty table
  for (const [name, { start, send = plainly, keepsBytes }] of Object.entries(consumers)) {
    it(`answers for a body read by ${name}`, async () => {
      const endpoint = await suite.open({}, start)
      const { id, token } = await suite.event()
      const { contentType, body } = send(token)
      const answer = await request(endpoint.url, { headers: [['content-type', contentType]], body })
      expectAnswer(answer, keepsBytes ? ANSWERS.processed : ANSWERS.bodyAlreadyParsed)
      expect(endpoint.runs(id)).toBe(keepsBytes ? 1 : 0)
    })
  }

  it('accepts a body that nothing has read', async () => {
    const { id, token } = await suite.event()
    expectAnswer(await request(suite.endpoint.url, { body: token }), ANSWERS.processed)
    expect(suite.endpoint.runs(id)).toBe(1)
  })
}

const plainly = (token: string) => ({ contentType: 'application/jwt', body: token })

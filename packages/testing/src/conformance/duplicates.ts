import { expect, it } from 'vitest'
import { ANSWERS, expectAnswer } from './answers.js'
import type { Behaviour, Endpoint } from './endpoint.js'
import type { HttpAnswer } from './http-answer.js'
import { request } from './http-request.js'
import type { Suite } from './suite.js'

const CROWD = 100

/** One event, several deliveries of it. */
export function duplicates(suite: Suite): void {
  it('runs the same token once, whatever the webhook-id', async () => {
    const { id, token } = await suite.event()
    const attempt = (webhookId: string | undefined) =>
      request(suite.endpoint.url, { headers: [['webhook-id', webhookId]], body: token })
    expectAnswer(await attempt('msg_1'), ANSWERS.processed)
    for (const webhookId of ['msg_1', 'msg_2', undefined]) expectAnswer(await attempt(webhookId), ANSWERS.duplicate)
    expect(suite.endpoint.runs(id)).toBe(1)
  })

  it('runs an event once that was signed twice', async () => {
    const first = await suite.event()
    const second = await suite.event({ event_id: first.id, source: 'api' })
    expect(second.token).not.toBe(first.token)
    expectAnswer(await request(suite.endpoint.url, { body: first.token }), ANSWERS.processed)
    expectAnswer(await request(suite.endpoint.url, { body: second.token }), ANSWERS.duplicate)
    expect(suite.endpoint.runs(first.id)).toBe(1)
  })

  it('runs an event although a token was sent under its webhook-id before', async () => {
    const [stolen, real] = await Promise.all([suite.event(), suite.event()])
    const headers = [['webhook-id', 'msg_of_the_real_one']] as const
    expectAnswer(await request(suite.endpoint.url, { headers, body: stolen.token }), ANSWERS.processed)
    expectAnswer(await request(suite.endpoint.url, { headers, body: real.token }), ANSWERS.processed)
    expect(suite.endpoint.runs(real.id)).toBe(1)
  })

  it(`runs one of ${CROWD} deliveries at the same time, and no other is a success before it has finished`, async () => {
    const { id, token } = await suite.event()
    const [winner, ...others] = await crowd(suite.endpoint, id, token, () => {})
    expectAnswer(winner, ANSWERS.processed)
    for (const other of others) expectAnswer(other, ANSWERS.deliveryInProgress)
    expectAnswer(await request(suite.endpoint.url, { body: token }), ANSWERS.duplicate)
    expect(suite.endpoint.runs(id)).toBe(1)
  })

  it(`runs the next attempt after ${CROWD} deliveries at the same time whose one run fails, and none is a success`, async () => {
    const { id, token } = await suite.event()
    const [winner, ...others] = await crowd(suite.endpoint, id, token, () => Promise.reject(new Error('too bad')))
    expectAnswer(winner, ANSWERS.handlerFailed)
    for (const other of others) expectAnswer(other, ANSWERS.deliveryInProgress)
    suite.endpoint.handle(id, () => {})
    expectAnswer(await request(suite.endpoint.url, { body: token }), ANSWERS.processed)
    expect(suite.endpoint.runs(id)).toBe(2)
  })
}

/** Deliveries at the same time: the handler ends once all the others have their answer. The one that ran it comes first. */
async function crowd(
  endpoint: Endpoint,
  id: string,
  token: string,
  end: Behaviour,
): Promise<(HttpAnswer | undefined)[]> {
  const answers: (HttpAnswer | undefined)[] = []
  let openGate = (): void => {}
  const gate = new Promise<void>((resolve) => {
    openGate = resolve
  })
  endpoint.handle(id, async (delivery) => {
    await gate
    return end(delivery)
  })
  const attempts = Array.from({ length: CROWD }, async () => {
    answers.unshift(await request(endpoint.url, { body: token }))
    if (answers.length === CROWD - 1) openGate()
  })
  await Promise.all(attempts)
  return answers
}

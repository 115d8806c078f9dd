import { expect } from 'vitest'
import { ANSWERS, expectAnswer } from './answers.js'
import { type HeaderLine, request } from './http-request.js'
import type { Suite } from './suite.js'

const webhookId = (...values: string[]): HeaderLine[] => values.map((value) => ['webhook-id', value])

const WEBHOOK_IDS: [what: string, headers: HeaderLine[], seen: string | undefined][] = [
  ['one', webhookId('msg_0195'), 'msg_0195'],
  ['none', [], undefined],
  ['two in one line', webhookId('msg_1, msg_2'), undefined],
  ['one of 300 characters', webhookId('m'.repeat(300)), undefined],
  ['one with a space inside', webhookId('msg 1'), undefined],
]

const SPOOFED: [what: string, headers: HeaderLine[]][] = [
  ['host', [['host', 'attacker.example']]],
  ['host of the issuer', [['host', 'test.kinde.com']]],
  [
    'x-forwarded-*',
    [
      ['x-forwarded-host', 'attacker.example'],
      ['x-forwarded-proto', 'http'],
      ['x-forwarded-for', '::1'],
    ],
  ],
  ['forwarded', [['forwarded', 'for=127.0.0.1;host=attacker.example;proto=http']]],
  ['x-http-method-override', [['x-http-method-override', 'GET']]],
]

/** Headers are not signed: they decide nothing. */
export function headers(suite: Suite): void {
  const { it } = suite
  const expectWebhookId = async (lines: readonly HeaderLine[], seen: string | undefined): Promise<void> => {
    const { id, token } = await suite.event()
    const ids: unknown[] = []
    suite.endpoint.handle(id, (delivery) => ids.push(delivery.webhookId, delivery.receivedAt instanceof Date))
    expectAnswer(await request(suite.endpoint.url, { headers: lines, body: token }), ANSWERS.processed)
    expect(ids).toEqual([seen, true])
  }

  it.each(WEBHOOK_IDS)('reads webhook-id: %s', (_, lines, seen) => expectWebhookId(lines, seen))

  it('ignores a webhook-id in two lines', () => expectWebhookId(webhookId('msg_1', 'msg_2'), undefined))

  it.each(SPOOFED)('ignores a spoofed %s', async (_, lines) => {
    const { id, token } = await suite.event()
    expectAnswer(await request(suite.endpoint.url, { headers: lines, body: token }), ANSWERS.processed)
    expect(suite.endpoint.runs(id)).toBe(1)
    expectAnswer(await request(suite.endpoint.url, { headers: lines, body: 'a.b.c' }), ANSWERS.unauthorized)
  })

  it('answers with a content-type without parameter', async () => {
    const { token } = await suite.event()
    for (const body of [token, 'a.b.c'])
      expect((await request(suite.endpoint.url, { body }))?.headers['content-type']).toEqual(['application/json'])
  })

  it('tolerates a line end after the token, and nothing else', async () => {
    const ending = async (end: string) => request(suite.endpoint.url, { body: (await suite.event()).token + end })
    expectAnswer(await ending('\n'), ANSWERS.processed)
    expectAnswer(await ending('\r\n'), ANSWERS.processed)
    expectAnswer(await ending('\n\n'), ANSWERS.unauthorized)
    expectAnswer(await ending(' '), ANSWERS.unauthorized)
  })
}

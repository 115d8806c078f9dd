import { describe, expect, it } from 'vitest'
import { findHints, isAllIgnored } from './hints.js'
import type { TriggeredDelivery } from './run.js'

const context = {
  to: new URL('http://localhost:3000/webhooks/kinde'),
  issuerUrl: 'http://127.0.0.1:4417',
  hasAskedForKeys: true,
}

function answered(status: number | undefined, answer = '', location?: string): TriggeredDelivery {
  return {
    type: 'customer.plan_changed',
    eventId: 'event_1',
    webhookId: 'webhook_1',
    isDuplicate: false,
    ok: status === 200,
    isOver: true,
    attempts: [{ status, answer, location, durationMs: 1 }],
  }
}

describe('findHints', () => {
  it.each([
    { attempt: answered(307, '', '/login?next=/webhooks/kinde'), hint: /to \/login\. A sign-in check stands in front/ },
    { attempt: answered(302, '', 'https://acme.kinde.com/oauth2/auth'), hint: /A sign-in check stands in front/ },
    { attempt: answered(308, '', '/webhooks/kinde/'), hint: /Only the trailing slash differs/ },
    { attempt: answered(301, '', 'https://localhost:3000/webhooks/kinde'), hint: /use the final URL/ },
    { attempt: answered(307), hint: /answers 307 with a redirect\. Kinde counts only 200/ },
    { attempt: answered(401), hint: /fetched the development issuer's keys and still refused/ },
    { attempt: answered(404), hint: /Nothing is mounted at \/webhooks\/kinde/ },
    { attempt: answered(405), hint: /not for POST/ },
    { attempt: answered(500), hint: /usually the handler threw/ },
    { attempt: answered(500, '{"error":"handler_failed"}'), hint: /^Your handler threw.*\/errors#handler_failed$/ },
    { attempt: answered(500, '{"error":"body_already_parsed"}'), hint: /Keep body parsers off/ },
    { attempt: answered(503), hint: /is not ready/ },
    { attempt: answered(503, '{"error":"inbox_unavailable"}'), hint: /Redis or Postgres/ },
    { attempt: answered(202), hint: /Answer exactly 200/ },
    { attempt: answered(200, '<!doctype html>'), hint: /a web page, so \/webhooks\/kinde is not the receiver/ },
    { attempt: answered(undefined, 'ECONNREFUSED'), hint: /Nothing listens there/ },
    { attempt: answered(undefined, 'no answer in time'), hint: /No answer within --timeout/ },
  ])(
    'explains $attempt.attempts.0.status $attempt.attempts.0.answer $attempt.attempts.0.location',
    ({ attempt, hint }) => {
      expect(findHints([attempt, attempt], context)).toStrictEqual([expect.stringMatching(hint)])
    },
  )

  it.each([
    [401, /trusts another issuer\. Start it with KINDE_ISSUER_URL=http:\/\/127\.0\.0\.1:4417$/],
    [503, /an issuer that it cannot reach/],
  ])('names the issuer for a %i if the application never asked for its keys', (status, hint) => {
    expect(findHints([answered(status)], { ...context, hasAskedForKeys: false })).toStrictEqual([
      expect.stringMatching(hint),
    ])
  })

  it('has nothing to say about success', () => {
    expect(findHints([answered(200, '{"status":"processed"}'), answered(200)], context)).toStrictEqual([])
  })
})

describe('isAllIgnored', () => {
  it('needs every delivery to be ignored', () => {
    const ignored = answered(200, '{"status":"ignored"}')
    expect(isAllIgnored([ignored, ignored])).toBe(true)
    expect(isAllIgnored([ignored, answered(200, '{"status":"processed"}')])).toBe(false)
    expect(isAllIgnored([])).toBe(false)
  })
})

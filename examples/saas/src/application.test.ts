import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createApplication } from './application.js'

// a busy machine takes its time, above all to start PGlite
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

type View = Awaited<ReturnType<typeof import('./page-view.js').readPageView>> & { scenarios?: string[] }
type Played = { customer: string; answers: { sent: string; status: number; answer: string }[] }

let application: Awaited<ReturnType<typeof createApplication>>
let origin: string
beforeAll(async () => {
  application = await createApplication({})
  origin = await application.app.listen({ port: 0 })
})
afterAll(() => application.app.close())

async function play(scenario: string, customer?: string): Promise<Played> {
  const response = await fetch(`${origin}/scenarios/${scenario}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ customer }),
  })
  expect(response.status).toBe(200)
  return response.json()
}

/** What a window is shown of a customer, view by view. */
async function* watch(customer: string): AsyncGenerator<View> {
  const response = await fetch(`${origin}/live?${new URLSearchParams({ customer })}`)
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString()
    const messages = text.split('\n\n')
    text = messages.pop() ?? ''
    for (const message of messages) if (message.startsWith('data: ')) yield JSON.parse(message.slice(6))
  }
}

/** The views up to the first that is so. */
async function viewsUntil(customer: string, isSo: (view: View) => boolean): Promise<[View, ...View[]]> {
  const views: View[] = []
  for await (const view of watch(customer)) {
    views.unshift(view)
    if (isSo(view)) break
  }
  const [last, ...before] = views
  if (last === undefined) throw new Error('The stream ended without a view')
  return [last, ...before]
}

const mailsIn = ({ customer }: View): unknown[] => customer?.events?.flatMap(({ mails }) => mails) ?? []

async function signUp(): Promise<string> {
  const { customer, answers } = await play('sign-up')
  expect(answers.map(({ status, answer }) => [status, answer])).toEqual(Array(3).fill([200, 'processed']))
  return customer
}

describe.concurrent('each scenario ends as it should', { timeout: 30_000 }, () => {
  it('signs up: access, a plan, and a mail that the queue sends', async () => {
    const customer = await signUp()
    const [view] = await viewsUntil(customer, (each) => mailsIn(each).length > 0)
    expect(view.customer).toMatchObject({ access: 'active', plan: 'Starter', callsIncluded: 1000 })
    expect(mailsIn(view)).toEqual(['Welcome to Starter'])
  })

  it.each(['upgrade-cancel-first', 'upgrade-create-first'])(
    '%s ends on the next plan, never without access',
    async (scenario) => {
      const customer = await signUp()
      const isOver = (each: View) =>
        mailsIn(each).includes('You are now on Pro') && each.customer?.agreements?.at(-1)?.cancelledAt !== undefined
      const [[view, ...before]] = await Promise.all([viewsUntil(customer, isOver), play(scenario, customer)])
      expect(view.customer).toMatchObject({ access: 'active', plan: 'Pro' })
      expect(view.customer?.agreements?.map(({ plan, cancelledAt }) => [plan, cancelledAt !== undefined])).toEqual([
        ['Pro', false],
        ['Starter', true],
      ])
      expect(new Set(before.map((each) => each.customer?.access))).toEqual(new Set(['active']))
      expect(mailsIn(view)).not.toContain('Your plan has ended')
    },
  )

  it('a declined card makes the customer past due, until a payment succeeds', async () => {
    const customer = await signUp()
    await play('card-declined', customer)
    const [due] = await viewsUntil(customer, (each) => mailsIn(each).includes('Your payment did not go through'))
    expect(due.customer?.access).toBe('past_due')
    expect(due.scenarios).toContain('recovered')
    expect(due.scenarios).not.toContain('card-declined')

    await play('recovered', customer)
    const [view] = await viewsUntil(customer, (each) => mailsIn(each).includes('Thank you, your payment has arrived'))
    expect(view.customer?.access).toBe('active')
  })

  it('a cancellation waits for a new agreement, and then ends access, by time alone', async () => {
    const customer = await signUp()
    await play('cancel', customer)
    const [view, ...before] = await viewsUntil(customer, (each) => mailsIn(each).includes('Your plan has ended'))
    expect(before.at(-1)?.customer).toMatchObject({
      access: 'active',
      agreements: [{ cancelledAt: expect.any(String) }],
    })
    expect(view.customer).toMatchObject({ access: 'cancelled', plan: null })
    expect(view.customer?.events?.[0]).toMatchObject({ effects: ['Access ended: cancelled'] })
  })

  it('a late event is marked, and changes nothing', async () => {
    const customer = await signUp()
    await play('late', customer)
    const [view] = await viewsUntil(customer, (each) => each.customer?.events?.length === 5)
    expect(view.customer?.access).toBe('active')
    expect(view.customer?.events?.filter(({ late }) => late)).toMatchObject([
      { type: 'customer.payment_failed', effects: [], mails: [] },
    ])
  })
})

it('a duplicate is acknowledged, and not handled again', async () => {
  const customer = await signUp()
  await play('usage', customer)
  expect((await play('duplicate', customer)).answers).toEqual([
    { sent: 'customer.meter_usage_updated', status: 200, answer: 'duplicate' },
  ])
  const [view] = await viewsUntil(customer, ({ deliveries }) => deliveries[0]?.['outcome'] === 'duplicate')
  expect(view.customer?.events).toHaveLength(4)
})

it('forgeries are refused; the page tells why, and the sender is not told', async () => {
  const customer = await signUp()
  const { answers } = await play('forged', customer)
  expect(answers.map(({ status, answer }) => [status, answer])).toEqual(Array(3).fill([401, 'unauthorized']))
  const [view] = await viewsUntil(customer, ({ deliveries }) => deliveries[0]?.['outcome'] === 'not_a_webhook')
  expect(view.deliveries.slice(0, 3).map(({ outcome, customer: whom }) => [outcome, whom])).toEqual([
    ['not_a_webhook', null],
    ['malformed_token', null],
    ['invalid_signature', null],
  ])
  expect(view.customer).toMatchObject({ access: 'active', events: { length: 3 } })
})

it('plays for whom it makes sense, and only what a page of its own asks for', async () => {
  const ask = (scenario: string, body: string | undefined, type = 'application/json') => {
    const request = { method: 'POST', headers: { 'content-type': type }, body: body ?? null }
    return fetch(`${origin}/scenarios/${scenario}`, request).then(({ status }) => status)
  }
  expect(await ask('cancel', '{"customer":"customer:unknown"}')).toBe(409)
  expect(await ask('recovered', JSON.stringify({ customer: await signUp() }))).toBe(409)
  expect(await ask('sign-off', '{}')).toBe(400)
  expect(await ask('sign-up', undefined)).toBe(400)
  expect(await ask('sign-up', '{}', 'text/plain')).toBe(415)
})

it('serves the page with a policy that lets nothing but its own files run', async () => {
  const page = await fetch(origin)
  expect(page.headers.get('content-security-policy')).toContain("default-src 'self'")
  for (const [, file] of (await page.text()).matchAll(/(?:src|href)="([^"#]+)"/g))
    expect([file, (await fetch(`${origin}/${file}`)).status]).toEqual([file, 200])
  expect((await fetch(`${origin}/../package.json`)).status).toBe(404)
})

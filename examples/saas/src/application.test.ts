import { serve } from '@hono/node-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createApplication } from './application.js'

let application: Awaited<ReturnType<typeof createApplication>>
let server: ReturnType<typeof serve>
let origin: string

beforeAll(async () => {
  application = await createApplication({})
  origin = await new Promise<string>((resolve) => {
    server = serve({ fetch: application.app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
      resolve(`http://127.0.0.1:${port}`),
    )
  })
  await application.prepare(origin)
})
afterAll(async () => {
  server.close()
  await application.close()
})

const read = async (path: string): Promise<string> => (await fetch(`${origin}${path}`)).text()

/** Presses a button, and returns the page that it leads to. */
async function press(button: string, customer = ''): Promise<{ page: string; customer: string }> {
  const response = await fetch(`${origin}/development/${button}?customer=${customer}`, {
    method: 'POST',
    headers: { origin, 'content-type': 'application/x-www-form-urlencoded' },
  })
  expect(response.status).toBe(200)
  return { page: await response.text(), customer: new URL(response.url).searchParams.get('customer') ?? '' }
}

describe('the example application', () => {
  it('shows a customer their plan, features and usage, as events change them', async () => {
    const { page, customer } = await press('sign-up')
    expect(page).toContain('3 deliveries')
    expect(page).toMatch(/<h1>Starter.*Active/s)
    expect((await press('upgrade', customer)).page).toMatch(/<h1>Pro.*Exports<span class="quiet">included/s)
    expect((await press('usage', customer)).page).toMatch(/of 5,000 calls/)
    expect((await press('card-declined', customer)).page).toContain('Your last payment did not go through')
    expect((await press('recovered', customer)).page).toMatch(/<h1>Pro.*Active/s)
    expect((await press('late', customer)).page).toMatch(/<h1>Pro.*Active/s)
    expect((await press('duplicate', customer)).page).toMatch(/200 processed; .*200 duplicate/)
    expect((await press('forged', customer)).page.match(/401 unauthorized/g)).toHaveLength(3)
    expect(await read(`/billing/customers/${customer}`)).toMatch(/<p class="why">Access: .* nothing is owed/)
  })

  it('has the console, in which an event that failed runs again', async () => {
    await press('broken')
    const { page, customer } = await press('sign-up')
    expect(page).toContain('500 handler_failed')
    await press('broken')
    const failed = await read('/billing/deliveries?status=failed')
    expect(failed).toContain('The handler is broken')
    const token = /name="token" value="([^"]+)"/.exec(failed)?.[1] ?? ''
    const response = await fetch(`${origin}/billing/redeliver-failed`, {
      method: 'POST',
      headers: { origin },
      body: new URLSearchParams({ token, reason: 'it works again' }),
    })
    expect(await response.text()).toContain('3 events marked, 3 handled.')
    expect(await read(`/?customer=${customer}`)).toMatch(/<h1>Starter.*Active/s)
  })
})

describe('with a Kinde domain', () => {
  it('has no buttons, and stays closed without the password', async () => {
    const real = await createApplication({ issuer: 'https://acme.kinde.com', password: 'correct horse' })
    const ask = (path: string, credentials?: string) =>
      real.app.request(
        path,
        credentials === undefined ? {} : { headers: { authorization: `Basic ${btoa(credentials)}` } },
      )
    for (const path of ['/', '/billing', '/billing/customers']) {
      expect((await ask(path)).status).toBe(401)
      expect((await ask(path, 'ada:wrong')).status).toBe(401)
      expect((await ask(path, 'ada:correct horse')).status).toBe(200)
    }
    expect(await (await ask('/', 'ada:correct horse')).text()).not.toContain('Development tools')
    expect((await real.app.request('/webhooks/kinde', { method: 'POST', body: 'x' })).status).toBe(401)
    await real.close()
  })
})

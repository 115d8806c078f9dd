import { createServer } from 'node:net'
import { startTestManagementApi } from '@kinde-billing/testing/management'
import { describe, expect, it } from 'vitest'
import { kindeBilling } from '../../test/recording-terminal.js'

const COMMANDS = [
  ['webhooks', 'list'],
  ['webhooks', 'ensure', '--endpoint', 'https://app.example/webhooks/kinde', '--yes'],
  ['webhooks', 'delete', 'w1', '--yes'],
  ['types'],
  ['types', '--check'],
  ['event', 'event_1'],
].map((args) => ({ args, title: args.join(' ') }))

const MAX_MS = 10_000

// side by side: most of the time is spent waiting for retries
describe.concurrent.each(COMMANDS)('$title', ({ args }) => {
  it('exits with 2 without credentials, and names the variables', async () => {
    const { code, err } = await kindeBilling(args, { env: {} })
    expect(code).toBe(2)
    expect(err).toContain('KINDE_DOMAIN, KINDE_MANAGEMENT_CLIENT_ID, KINDE_MANAGEMENT_CLIENT_SECRET are missing')
  })

  it('exits with 2 for a domain that is not one', async () => {
    const env = { KINDE_DOMAIN: 'acme', KINDE_MANAGEMENT_CLIENT_ID: 'a', KINDE_MANAGEMENT_CLIENT_SECRET: 'b' }
    const { code, err } = await kindeBilling(args, { env })
    expect(code).toBe(2)
    expect(err).toContain('https://<subdomain>.kinde.com')
  })

  it('exits with 1 for wrong credentials, and prints no secret', async () => {
    const kinde = await startTestManagementApi()
    const env = { ...kinde.env, KINDE_MANAGEMENT_CLIENT_SECRET: 'a_wrong_secret' }
    const { code, out, err } = await kindeBilling(args, { env })
    await kinde.close()
    expect(code).toBe(1)
    expect(err).toContain('unauthorized')
    expect(out + err).not.toContain('a_wrong_secret')
  })

  it('exits with 1 for missing scopes, and names one', async () => {
    const kinde = await startTestManagementApi()
    kinde.scopes.clear()
    const { code, err } = await kindeBilling(args, { env: kinde.env })
    await kinde.close()
    expect(code).toBe(1)
    expect(err).toMatch(/missing_scope: .* scope (?:read|create|delete):/)
  })

  it('exits with 1 within ten seconds if nothing listens', async () => {
    const kinde = await startTestManagementApi()
    await kinde.close()
    const startedAt = performance.now()
    const { code, err } = await kindeBilling(args, { env: kinde.env })
    expect(code).toBe(1)
    expect(err).toContain('ECONNREFUSED')
    expect(performance.now() - startedAt).toBeLessThan(MAX_MS)
  })
})

it.concurrent('exits with 1 within ten seconds if nothing answers', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const env = {
    KINDE_DOMAIN: `http://127.0.0.1:${port}`,
    KINDE_MANAGEMENT_CLIENT_ID: 'a_client',
    KINDE_MANAGEMENT_CLIENT_SECRET: 'a_secret',
  }
  const startedAt = performance.now()
  const { code, out } = await kindeBilling(['webhooks', 'list', '--json'], { env })
  expect(code).toBe(1)
  expect(JSON.parse(out)).toMatchObject({ error: { code: 'unavailable' } })
  expect(performance.now() - startedAt).toBeLessThan(MAX_MS)
  server.close()
})

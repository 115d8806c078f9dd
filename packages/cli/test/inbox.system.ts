import { createBillingReceiver } from '@kinde-billing/core/receiver'
import { createPostgresInbox, ensureSchema } from '@kinde-billing/postgres'
import { postgresBinaries } from '@kinde-billing/test-support/installed'
import { type PostgresServer, startPostgres } from '@kinde-billing/test-support/postgres-server'
import { billingEventFixture, createTestIssuer } from '@kinde-billing/testing'
import { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { kindeBilling } from './recording-terminal.js'

describe.skipIf(postgresBinaries === undefined)('kinde-billing inbox', () => {
  let server: PostgresServer
  let pool: Pool
  const [good, bad] = [billingEventFixture('customer.plan_changed'), billingEventFixture('customer.payment_failed')]
  const inbox = (...args: string[]) =>
    kindeBilling(['inbox', ...args], { env: { DATABASE_URL: server.url }, columns: 200 })

  beforeAll(async () => {
    server = await startPostgres()
    pool = new Pool({ connectionString: server.url })
    pool.on('error', () => {})
    await ensureSchema(pool)
    const { issuer, jwks, sign } = await createTestIssuer()
    const receiver = createBillingReceiver({
      issuer,
      jwks,
      name: 'billing',
      inbox: createPostgresInbox({ pool }),
      log: false,
      onEvent(event) {
        if (event.id === bad.event_id) throw new Error('no such plan\u202e')
      },
    })
    for (const claims of [good, bad]) {
      const body = await sign(claims)
      await receiver.receive({ method: 'POST', header: () => undefined, body: () => body, context: undefined })
    }
  })
  afterAll(async () => {
    await pool.end()
    await server.close()
  })

  it('lists deliveries, all or by state', async () => {
    const { code, out } = await inbox('list')
    expect(code).toBe(0)
    expect(out).toContain(good.event_id)
    expect(out).toMatch(new RegExp(`✗ +${bad.event_id} +customer.payment_failed +failed .*no such plan`))
    expect(out).not.toContain('\u202e')
    const failed = JSON.parse((await inbox('list', '--status', 'failed', '--json')).out)
    expect(failed).toMatchObject({ deliveries: [{ eventId: bad.event_id, status: 'failed' }], next: null })
  })

  it('shows a delivery, and its claims only on request', async () => {
    const { code, out } = await inbox('show', bad.event_id)
    expect(code).toBe(0)
    expect(out).toMatch(/^failures +1$/m)
    expect(out).not.toContain('"customer_id"')
    expect((await inbox('show', bad.event_id, '--claims')).out).toContain('"customer_id"')
    expect(JSON.parse((await inbox('show', bad.event_id, '--claims', '--json')).out)).toMatchObject({ claims: bad })
    expect(JSON.parse((await inbox('show', bad.event_id, '--json')).out)).not.toHaveProperty('claims')
    expect((await inbox('show', 'event_unknown')).code).toBe(1)
  })

  it('tells the health', async () => {
    expect(await inbox('health')).toMatchObject({ code: 1, out: expect.stringMatching(/^failing +1$/m) })
    expect(JSON.parse((await inbox('health', '--json')).out)).toMatchObject({ ok: false, failing: 1 })
  })

  it('marks events for redelivery', async () => {
    expect(await inbox('redeliver', 'event_unknown', '--reason', 'x')).toMatchObject({ code: 1 })
    const { code, out } = await inbox('redeliver', '--failed', '--reason', 'plans were missing')
    expect(code).toBe(0)
    expect(out).toContain('1 delivery is marked for redelivery.')
    expect((await inbox('show', bad.event_id)).out).toMatch(/^redelivery +plans were missing$/m)
    expect(JSON.parse((await inbox('list', '--status', 'to_redeliver', '--json')).out).deliveries).toHaveLength(1)
  })
})

import { PGlite } from '@electric-sql/pglite'
import { KindeWebhookError } from '@kinde-billing/core'
import { newDelivery } from '@kinde-billing/testing/inbox-contract/attempts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createHealthHandler, createPostgresInbox, ensureSchema, type HealthHandlerOptions } from './index.js'

let pglite: PGlite
beforeAll(async () => {
  pglite = await PGlite.create()
  await ensureSchema(pglite)
})
beforeEach(async () => {
  await pglite.exec('truncate kinde_billing_deliveries')
})
afterAll(() => pglite.close())

const deliverWith = (work: () => Promise<void>) =>
  createPostgresInbox({ pool: pglite })
    .once(newDelivery(), work)
    .catch(() => {})
const succeed = () => deliverWith(async () => {})
const fail = () => deliverWith(() => Promise.reject(new Error('no plan of org_secret')))

async function ask(options: Partial<HealthHandlerOptions> = {}, method = 'GET') {
  const handle = createHealthHandler({ pool: pglite, ...options })
  const response = await handle(new Request('https://app.example/health', { method }))
  return { status: response.status, headers: response.headers, text: await response.text() }
}

describe('the response', () => {
  it('is 200 while events are handled', async () => {
    await succeed()
    const { status, headers, text } = await ask()
    expect(status).toBe(200)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(JSON.parse(text)).toStrictEqual({
      status: 'ok',
      failing: 0,
      toRedeliver: 0,
      dead: 0,
      lastArrivalAt: expect.any(String),
      lastSuccessAt: expect.any(String),
      failingSince: null,
      disabledAt: null,
    })
  })

  it('stays 200 within the grace, and is 503 once an event has failed for longer', async () => {
    await fail()
    expect(await ask()).toMatchObject({ status: 200 })
    await pglite.exec(`update kinde_billing_deliveries set first_seen_at = now() - interval '16 minutes'`)
    const { status, text } = await ask()
    expect(status).toBe(503)
    expect(JSON.parse(text)).toMatchObject({ status: 'failing', failing: 1, disabledAt: expect.any(String) })
    expect(await ask({ name: 'another' })).toMatchObject({ status: 200 })
  })

  it('is 503 if nothing arrives for longer than maxSilenceMs', async () => {
    const maxSilenceMs = 3_600_000
    expect(JSON.parse((await ask({ maxSilenceMs })).text)).toMatchObject({ status: 'silent' })
    await succeed()
    expect(await ask({ maxSilenceMs })).toMatchObject({ status: 200 })
    await pglite.exec(
      `update kinde_billing_deliveries set first_seen_at = now() - interval '2 hours', last_attempt_at = now() - interval '2 hours'`,
    )
    expect(await ask({ maxSilenceMs })).toMatchObject({ status: 503 })
  })

  it('holds no id, type or message of a delivery', async () => {
    await fail()
    const { rows } = await pglite.query<{ key: string; type: string }>('select key, type from kinde_billing_deliveries')
    const { text } = await ask({ graceMs: 0 })
    for (const secret of [rows[0]?.key, rows[0]?.type, 'event_', 'org_secret']) expect(text).not.toContain(secret)
  })

  it('is 503 without the cause if the database cannot be read, and the cause goes to onError', async () => {
    const errors: unknown[] = []
    const onError = (error: unknown): void => {
      errors.push(error)
      throw error
    }
    const broken = await ask({ table: 'missing_table', onError })
    expect(broken).toMatchObject({ status: 503, text: '{"status":"unavailable"}' })
    const pool = { connect: () => new Promise<never>(() => {}) }
    expect(await ask({ pool, timeoutMs: 1, onError })).toMatchObject({ status: 503, text: '{"status":"unavailable"}' })
    expect(errors.map(String)).toStrictEqual([
      expect.stringContaining('missing_table'),
      expect.stringContaining('within 1 ms'),
    ])
  })

  it('has no body for HEAD, and is 405 for other methods', async () => {
    expect(await ask({}, 'HEAD')).toMatchObject({ status: 200, text: '' })
    const refused = await ask({}, 'POST')
    expect(refused.status).toBe(405)
    expect(refused.headers.get('allow')).toBe('GET, HEAD')
  })
})

describe('createHealthHandler', () => {
  it.each<[object, string]>([
    [{ poll: 1 }, 'poll'],
    [{ graceMs: -1 }, 'graceMs'],
    [{ maxSilenceMs: Number.NaN }, 'maxSilenceMs'],
    [{ pool: {} }, 'pool'],
    [{ table: 'A' }, 'table'],
  ])('refuses %o', (options, name) => {
    expect(() => createHealthHandler({ pool: pglite, ...options })).toThrow(KindeWebhookError)
    expect(() => createHealthHandler({ pool: pglite, ...options })).toThrow(name)
  })
})

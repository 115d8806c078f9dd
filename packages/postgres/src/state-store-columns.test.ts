import { PGlite } from '@electric-sql/pglite'
import { applyBillingEvent, type BillingState, definePlans, summarize, updateBillingState } from '@kinde-billing/state'
import {
  at,
  DAY,
  type EventParts,
  fold,
  type Happening,
  listed,
  minute,
} from '@kinde-billing/test-support/billing-events'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createPostgresStateStore, ensureStateSchema, type PostgresStateStoreOptions } from './index.js'

const DAY_MS = DAY * 60_000
const pglite = new PGlite()
beforeAll(() => ensureStateSchema(pglite))
beforeEach(async () => {
  await pglite.query('truncate kinde_billing_states')
})
afterAll(() => pglite.close())

const storeAt = (day: number, options: PostgresStateStoreOptions = {}) =>
  createPostgresStateStore({ pool: pglite, now: () => minute(day * DAY).getTime(), ...options })

/** Keeps what is known of a customer. */
async function keep(key: string, happenings: readonly Happening[], store = storeAt(0)): Promise<void> {
  const state = fold(happenings)
  if (state === undefined) throw new Error('no happenings')
  await updateBillingState({ store, key, cause: 'sync' }, () => state)
}

const created = (parts: EventParts = {}) => at(0, 'created', { agreement: 'a', plan: 'pro', ...parts })
const columns = async (names: string) =>
  (await pglite.query<Record<string, unknown>>(`select ${names} from kinde_billing_states order by key`)).rows

describe('the columns', () => {
  it('hold what the summary says', async () => {
    const snapshot = listed(1, { a: { planCode: 'pro', periodEndsOn: minute(30 * DAY), features: ['sso', 'exports'] } })
    await keep('customer:1', [created({ customer: 'c_1', org: 'org_1', user: 'kp_1', due: '2026-04-01' }), snapshot])
    expect(
      await columns(
        'customer_id, org_code, user_id, access, has_access, plan_code, features, next_invoice_on, period_ends_on, changed_at, review_at',
      ),
    ).toEqual([
      {
        customer_id: 'c_1',
        org_code: 'org_1',
        user_id: null,
        access: 'active',
        has_access: true,
        plan_code: 'pro',
        features: ['exports', 'sso'],
        next_invoice_on: new Date('2026-04-01'),
        period_ends_on: minute(30 * DAY),
        changed_at: minute(0),
        review_at: null,
      },
    ])
  })

  it('hold the features of the catalogue, if there is one, and follow the policy', async () => {
    const plans = definePlans({ pro: { features: ['exports'] } })
    const policy = { pastDueGraceMs: DAY_MS }
    await keep('customer:1', [created(), at(0, 'failed', { agreement: 'a' })], storeAt(0.5, { plans, policy }))
    expect(await columns('access, features, review_at')).toEqual([
      { access: 'past_due', features: ['exports'], review_at: minute(DAY) },
    ])
  })

  it('leave out what Postgres cannot hold', async () => {
    const features = ['a\0', 'b', '\ud800']
    await keep('customer:1', [
      created({ customer: 'x'.repeat(3000), user: 'kp \0', plan: '\udfff', due: '0000-01-01' }),
      listed(1, { a: { planCode: '\udfff', periodEndsOn: new Date(8.64e15), features } }),
    ])
    expect(await columns('customer_id, user_id, plan_code, features, period_ends_on')).toEqual([
      { customer_id: null, user_id: null, plan_code: null, features: ['b'], period_ends_on: null },
    ])
  })
})

describe('find', () => {
  it('finds a customer by each of their names', async () => {
    const store = storeAt(0)
    await keep('customer:1', [created({ customer: 'c_1', user: 'kp_1' })])
    for (const identity of [{ customerId: 'c_1' }, { userId: 'kp_1' }, { customerId: 'c_1', userId: 'other' }])
      expect(summarize(await store.find(identity), { now: 0 }).customer.id).toBe('c_1')
    for (const identity of [{ customerId: 'c_2' }, { orgCode: 'org_1' }, {}, { userId: '\0' }])
      expect(await store.find(identity)).toBeUndefined()
  })

  it('keeps a user and their organization apart: a member is not the customer', async () => {
    const store = storeAt(0)
    await keep('customer:user', [created({ customer: 'c_user', user: 'kp_1', plan: 'basic' })])
    await keep('customer:org', [created({ customer: 'c_org', user: 'kp_1', org: 'org_1', plan: 'pro' })])
    const planOf = async (identity: Parameters<typeof store.find>[0]) =>
      summarize(await store.find(identity), { now: 0 }).plan?.code
    expect(await planOf({ userId: 'kp_1' })).toBe('basic')
    expect(await planOf({ orgCode: 'org_1' })).toBe('pro')
    expect(await planOf({ orgCode: 'org_1', userId: 'kp_1' })).toBe('pro')
  })

  it('merges several states of one customer', async () => {
    const ended = at(1, 'cancelled', { agreement: 'a', customer: '', org: 'org_1' })
    await keep('customer:1', [created({ customer: 'c_1', org: 'org_1' })])
    await keep('org:org_1', [ended])
    const found = await storeAt(0).find({ orgCode: 'org_1' })
    expect(summarize(found, { now: minute(DAY) }).access).toBe('cancelled')
  })

  it('runs on a client, and needs one without a pool', async () => {
    await keep('customer:1', [created({ customer: 'c_1' })])
    const store = createPostgresStateStore()
    expect(await store.find({ customerId: 'c_1' }, pglite)).toBeDefined()
    expect(await store.read('customer:1', pglite)).toBeDefined()
    await expect(store.read('customer:1')).rejects.toThrow('pass it to createPostgresStateStore, or a client to read()')
  })
})

describe('reviews', () => {
  const cancelled = at(DAY, 'cancelled', { agreement: 'a' })

  it('are due when time alone changes the answer', async () => {
    await keep('customer:1', [created(), cancelled], storeAt(1))
    const store = storeAt(1)
    expect(await store.due(minute(DAY + 14))).toEqual([])
    expect(await store.due(minute(DAY + 15))).toMatchObject([{ key: 'customer:1', reviewAt: minute(DAY + 15) }])
  })

  it('bring the columns up to date, and report what changed, once', async () => {
    await keep('customer:1', [created(), cancelled], storeAt(1))
    await keep('customer:2', [created()], storeAt(1))
    const store = storeAt(2)
    expect(await columns('has_access')).toEqual([{ has_access: true }, { has_access: true }])
    const told: string[] = []
    const onChange = (changes: readonly { type: string }[], { key, cause }: { key: string; cause: string }) =>
      told.push(...changes.map(({ type }) => `${key} ${cause} ${type}`))
    expect(await store.reviewDue({ onChange })).toEqual({ reviewed: 1, changed: 1 })
    expect(await store.reviewDue({ onChange })).toEqual({ reviewed: 0, changed: 0 })
    expect(told).toEqual(['customer:1 review access_lost'])
    expect(await columns('has_access, review_at')).toEqual([
      { has_access: false, review_at: null },
      { has_access: true, review_at: null },
    ])
  })

  it('swallow no change if an event comes first: it reports what time has changed, once', async () => {
    await keep('customer:1', [created(), cancelled], storeAt(1))
    const store = storeAt(2)
    const told: string[] = []
    const onChange = (changes: readonly { type: string }[], { cause }: { cause: string }) =>
      void told.push(...changes.map(({ type }) => `${cause} ${type}`))
    const usage = at(DAY + 20, 'usage', { agreement: 'a' })
    const apply = (state: BillingState | undefined) => applyBillingEvent(state, usage)
    const options = {
      store,
      key: 'customer:1',
      cause: 'event',
      onChange,
      now: () => minute(2 * DAY).getTime(),
    } as const
    await updateBillingState(options, apply)
    await updateBillingState(options, apply)
    expect(await store.reviewDue({ onChange })).toEqual({ reviewed: 0, changed: 0 })
    expect(told).toEqual(['event access_lost'])
  })

  it('stay due if they fail, and hold up no other', async () => {
    for (const name of ['1', '2', '3']) await keep(`customer:${name}`, [created(), cancelled], storeAt(1))
    const store = storeAt(2)
    const onChange = (_: unknown, { key }: { key: string }) => {
      if (key === 'customer:2') throw new Error('the mail server is down')
    }
    await expect(store.reviewDue({ onChange, batchSize: 1 })).rejects.toThrow('1 reviews failed')
    expect((await store.due(minute(2 * DAY))).map(({ key }) => key)).toEqual(['customer:2'])
    expect(await store.reviewDue()).toEqual({ reviewed: 1, changed: 1 })
  })
})

describe('the schema', () => {
  it('adds the columns to a table of the first version, and keeps its rows', async () => {
    await pglite.exec(`create schema old; create table old.states (key text collate "C" primary key, state text,
      version bigint not null default 0, updated_at timestamptz not null default now())`)
    await pglite.query("insert into old.states (key) values ('customer:1')")
    const table = 'old.states'
    for (const _ of [1, 2]) await ensureStateSchema(pglite, { table })
    const store = createPostgresStateStore({ pool: pglite, table })
    await keep('customer:1', [created({ customer: 'c_1' })], store)
    expect(await store.find({ customerId: 'c_1' })).toBeDefined()
    await ensureStateSchema(pglite, { table: 'elsewhere.states' })
    expect(await createPostgresStateStore({ pool: pglite, table: 'elsewhere.states' }).read('x')).toBeUndefined()
  })
})

it('refuses an option that it does not have, and a wrong policy', () => {
  expect(() => createPostgresStateStore({ polcy: {} } as PostgresStateStoreOptions)).toThrow('did you mean "policy"')
  expect(() => createPostgresStateStore({ policy: { pastDueGraceMs: -1 } })).toThrow('policy.pastDueGraceMs')
})

it('converges with a writer outside a transaction', async () => {
  const store = storeAt(0)
  const [first, second] = [created(), at(1, 'failed', { agreement: 'a' })]
  const apply = (event: typeof first) => (state: BillingState | undefined) => applyBillingEvent(state, event)
  await Promise.all(
    [first, second].map((event) => updateBillingState({ store, key: 'k', cause: 'event', tx: pglite }, apply(event))),
  )
  expect(JSON.stringify(await store.read('k'))).toBe(JSON.stringify(fold([first, second])))
})

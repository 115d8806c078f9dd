import { type BillingEventType, decodeBillingEvent } from '@kinde-billing/core'
import {
  applyBillingEvent,
  type BillingState,
  type BillingStateStore,
  summarize,
  updateBillingState,
} from '@kinde-billing/state'
import { billingEventFixture } from '@kinde-billing/testing'
import {
  type AgreementRecord,
  startTestManagementApi,
  type TestManagementApi,
  type TestManagementApiOptions,
} from '@kinde-billing/testing/management'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { createManagementClient } from '../client.js'
import { KindeManagementError, type SyncReport, syncAll, syncCustomer } from '../index.js'

const NOW = Date.parse('2026-06-01T00:00:00Z')
const now = () => NOW
const PRO: AgreementRecord = { id: 'agreement_1', plan_code: 'pro', entitlements: [{ feature_code: 'exports' }] }

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function start(options: TestManagementApiOptions = {}) {
  const kinde = await startTestManagementApi(options)
  closers.push(kinde.close)
  return { kinde, client: createManagementClient(kinde.credentials) }
}

/** A store with optimistic concurrency and no transactions. */
function createStore(initial: Record<string, BillingState> = {}) {
  const states = new Map(Object.entries(initial).map(([key, state]) => [key, { state, version: 1 }]))
  let saves = 0
  const store: BillingStateStore<undefined, number> = {
    async load(key) {
      return states.get(key)
    },
    async save(key, state, version) {
      if (states.get(key)?.version !== version) return false
      saves += 1
      states.set(key, { state, version: (version ?? 0) + 1 })
      return true
    },
  }
  return {
    store,
    get saves() {
      return saves
    },
    summary: (key: string) => summarize(states.get(key)?.state, { now: NOW }),
    all: () => Object.fromEntries([...states].map(([key, { state }]) => [key, state])),
  }
}

/** A state in which the customer has the agreement, by an event of the past. */
function subscribed(customerId = 'customer_1', agreementId = 'agreement_1'): BillingState {
  return applyBillingEvent(undefined, createdEvent(customerId, agreementId, '2026-01-01T00:00:00Z'))
}

function failedLongAgo(): BillingState {
  const failed = namedEvent('customer.payment_failed', 'customer_1', 'agreement_1', '2026-02-01T00:00:00Z')
  return applyBillingEvent(subscribed(), failed)
}

const createdEvent = (customerId: string, agreementId: string, timestamp: string) =>
  namedEvent('customer.agreement_created', customerId, agreementId, timestamp)

function namedEvent(type: BillingEventType, customerId: string, agreementId: string, timestamp: string) {
  const { event_timestamp: _, ...claims } = billingEventFixture(type, {
    event_id: `event_${type}_${customerId}_${agreementId}_${timestamp}`,
    timestamp,
    data: { customer_id: customerId, agreement_id: agreementId, plan_code: 'pro' },
  })
  return decodeBillingEvent(claims)
}

describe('syncCustomer', () => {
  it('gives access to a customer of whom no event was seen, with cause sync', async () => {
    const { client } = await start({ agreements: { customer_1: [PRO] } })
    const memory = createStore()
    const told: unknown[] = []
    const synced = await syncCustomer({
      client,
      store: memory.store,
      customerId: 'customer_1',
      now,
      onChange: (changes, { cause, key }) => told.push([cause, key, changes.map(({ type }) => type)]),
    })
    expect(synced).toMatchObject({ key: 'customer:customer_1', saved: true, before: { hasAccess: false } })
    expect(memory.summary('customer:customer_1')).toMatchObject({
      hasAccess: true,
      plan: { code: 'pro' },
      features: ['exports'],
      reason: { fact: { source: 'snapshot' } },
    })
    expect(told).toEqual([['sync', 'customer:customer_1', expect.arrayContaining(['access_granted'])]])
  })

  it('takes access from a customer whose complete list is empty', async () => {
    const { client } = await start({ agreements: { customer_1: [] } })
    const memory = createStore({ 'customer:customer_1': subscribed() })
    const synced = await syncCustomer({ client, store: memory.store, customerId: 'customer_1', now })
    expect(synced?.changes.map(({ type }) => type)).toContain('access_lost')
    expect(memory.summary('customer:customer_1').hasAccess).toBe(false)
  })

  it('finds the customer of a user and of an organization', async () => {
    const { client } = await start({
      users: [{ id: 'kp_1', billing: { customer_id: 'customer_1' } }, { id: 'kp_2' }],
      organizations: [{ code: 'org_1', billing: { billing_customer_id: 'customer_2' } }],
      agreements: { customer_1: [PRO], customer_2: [PRO] },
    })
    const { store, summary } = createStore()
    expect(await syncCustomer({ client, store, userId: 'kp_1', now })).toMatchObject({ key: 'customer:customer_1' })
    expect(await syncCustomer({ client, store, orgCode: 'org_1', now })).toMatchObject({ key: 'customer:customer_2' })
    expect(await syncCustomer({ client, store, userId: 'kp_2', now })).toBeUndefined()
    expect(summary('customer:customer_2').customer).toMatchObject({ id: 'customer_2', orgCode: 'org_1' })
  })

  it.each([true, false])('reports what time has changed before an overdue review (dry run: %s)', async (dryRun) => {
    const { client } = await start({ agreements: { customer_1: [{ ...PRO, id: 'agreement_2' }] } })
    const memory = createStore({ 'customer:customer_1': failedLongAgo() })
    const store: BillingStateStore<undefined, number> = {
      ...memory.store,
      async load(key, scope) {
        const stored = await memory.store.load(key, scope)
        return stored && { ...stored, reviewAt: new Date('2026-02-08T00:00:00Z') }
      },
    }
    const policy = { pastDueGraceMs: 7 * 86_400_000 }
    const synced = await syncCustomer({ client, store, customerId: 'customer_1', now, policy, dryRun })
    expect(synced?.before.access).toBe('past_due')
    expect(synced?.changes.map(({ type }) => type)).toEqual(['debt_dropped'])
  })

  it.each([
    ['an hour ahead', 3_600_000],
    ['ten years ahead', 10 * 365 * 86_400_000],
  ])('lets a later event win if the clock of this machine is %s', async (_, aheadMs) => {
    const { client } = await start({ agreements: { customer_1: [PRO] } })
    const memory = createStore()
    await syncCustomer({ client, store: memory.store, customerId: 'customer_1', now: () => Date.now() + aheadMs })
    const later = new Date(Date.now() + 1).toISOString()
    const cancelled = namedEvent('customer.agreement_cancelled', 'customer_1', 'agreement_1', later)
    const update = { store: memory.store, key: 'customer:customer_1', cause: 'event' } as const
    await updateBillingState(update, (state) => applyBillingEvent(state, cancelled))
    const { access } = summarize(memory.all()['customer:customer_1'], { now: Date.now() + 86_400_000 })
    expect(access).toBe('cancelled')
  })

  it('lets an event win that is newer than the moment before the request', async () => {
    const { client } = await start({ agreements: { customer_1: [] } })
    const event = createdEvent('customer_1', 'agreement_1', new Date(NOW + 1).toISOString())
    const memory = createStore({ 'customer:customer_1': applyBillingEvent(undefined, event) })
    await syncCustomer({ client, store: memory.store, customerId: 'customer_1', now })
    expect(memory.summary('customer:customer_1').hasAccess).toBe(true)
  })

  it('changes nothing in a dry run', async () => {
    const { client } = await start({ agreements: { customer_1: [] } })
    const memory = createStore({ 'customer:customer_1': subscribed() })
    const onChange = () => expect.fail('called')
    const synced = await syncCustomer({
      client,
      store: memory.store,
      customerId: 'customer_1',
      dryRun: true,
      onChange,
      now,
    })
    expect(synced).toMatchObject({ saved: false, before: { hasAccess: true }, after: { hasAccess: false } })
    expect(memory.saves).toBe(0)
  })

  it('undoes the transaction of a dry run', async () => {
    const { client } = await start({ agreements: { customer_1: [PRO] } })
    const ends: string[] = []
    const store: BillingStateStore<string, number> = {
      load: () => undefined,
      save: () => expect.fail('saved'),
      transaction: (work) =>
        work('tx').then(
          () => expect.fail('committed'),
          (error) => {
            ends.push('rollback')
            throw error
          },
        ),
    }
    expect(await syncCustomer({ client, store, customerId: 'customer_1', dryRun: true, now })).toMatchObject({
      saved: false,
    })
    expect(ends).toEqual(['rollback'])
  })

  it.each([
    [{ status: 500 }, 'unavailable'],
    [{ status: 403 }, 'missing_scope'],
    [{ status: 404, body: { errors: { code: 'NOT_FOUND', message: '' } } }, 'not_found'],
    [{ body: { agreements: [] } }, 'invalid_response'],
    [{ body: { has_more: false } }, 'invalid_response'],
    [{ body: { has_more: true, agreements: [] } }, 'invalid_response'],
    ['html', 'invalid_response'],
  ] as const)('never takes access away by an error: %j', async (fault, code) => {
    const { kinde, client } = await start({ agreements: { customer_1: [] } })
    const memory = createStore({ 'customer:customer_1': subscribed() })
    kinde.failNext(fault, { on: 'GET', times: 100 })
    await expect(syncCustomer({ client, store: memory.store, customerId: 'customer_1', now })).rejects.toMatchObject({
      code,
    })
    expect(memory.saves).toBe(0)
  })

  it('never takes access away by a list of which the second page fails', async () => {
    const { kinde, client } = await start({ maxPageSize: 1, agreements: { customer_1: [{ id: 'agreement_9' }, PRO] } })
    const memory = createStore({ 'customer:customer_1': subscribed() })
    kinde.failNext({ status: 500 }, { on: 'GET', after: 1, times: 100 })
    await expect(syncCustomer({ client, store: memory.store, customerId: 'customer_1' })).rejects.toThrow()
    expect(memory.saves).toBe(0)
  })

  it('ends as one after another, if 50 events arrive at the same moment', async () => {
    const { client } = await start({ agreements: { customer_1: [PRO] } })
    const key = 'customer:customer_1'
    const events = Array.from({ length: 50 }, (_, index) =>
      createdEvent('customer_1', `agreement_${index}`, new Date(NOW + index - 25).toISOString()),
    )
    const apply = (store: BillingStateStore<undefined, number>, event: (typeof events)[number]) =>
      updateBillingState({ store, key, cause: 'event' }, (state) => applyBillingEvent(state, event))
    const together = createStore()
    await Promise.all([
      ...events.map((event) => apply(together.store, event)),
      syncCustomer({ client, store: together.store, customerId: 'customer_1', now }),
    ])
    const inTurn = createStore()
    for (const event of events) await apply(inTurn.store, event)
    await syncCustomer({ client, store: inTurn.store, customerId: 'customer_1', now })
    expect(together.all()).toEqual(inTurn.all())
  })

  it('refuses unknown options and a customer without a name', async () => {
    const { client } = await start()
    const { store } = createStore()
    const options = { client, store, customerID: 'x', customerId: 'x' }
    await expect(syncCustomer(options)).rejects.toThrow(/did you mean/)
    await expect(syncCustomer({ client, store, customerId: ' ' })).rejects.toMatchObject({
      code: 'invalid_configuration',
    })
  })
})

/** Customers of users and organizations. Every third one has no agreement, but a state that says so. */
function tenantOf(count: number) {
  const ids = Array.from({ length: count }, (_, index) => `customer_${index}`)
  const isOrganization = (index: number) => index % 2 === 1
  const options = {
    maxPageSize: 3,
    users: ids.flatMap((customer_id, index) =>
      isOrganization(index) ? [] : [{ id: `kp_${index}`, billing: { customer_id } }],
    ),
    organizations: ids.flatMap((billing_customer_id, index) =>
      isOrganization(index) ? [{ code: `org_${index}`, billing: { billing_customer_id } }] : [],
    ),
    agreements: Object.fromEntries(
      ids.map((id, index) => [id, index % 3 === 0 ? [] : [{ ...PRO, id: `agreement_${index}` }]]),
    ),
  }
  const states = Object.fromEntries(ids.map((id, index) => [`customer:${id}`, subscribed(id, `agreement_${index}`)]))
  return { options, states }
}

describe('syncAll', () => {
  it('syncs users and organizations with one token, and reports what drifted', async () => {
    const { options, states } = tenantOf(12)
    const { kinde, client } = await start(options)
    const memory = createStore(states)
    const report = await syncAll({ client, store: memory.store, now })
    expect(report).toMatchObject({ complete: true, checked: 12, drifted: 4, gone: 0, failed: 0 })
    expect(report.customers[0]).toEqual({
      status: 'drifted',
      customerId: 'customer_0',
      userId: 'kp_0',
      key: 'customer:customer_0',
      kinde: [],
      believed: { access: 'active', plan: 'pro', since: '2026-01-01T00:00:00.000Z' },
      follows: { access: expect.any(String), plan: undefined, reason: expect.any(String) },
      changes: expect.arrayContaining(['access_lost']),
    })
    expect(report.customers.some(({ orgCode }) => orgCode === 'org_3')).toBe(true)
    expect(kinde.tokensIssued).toBe(1)
    expect(await syncAll({ client, store: memory.store, now })).toMatchObject({
      checked: 12,
      drifted: 0,
      customers: [],
    })
  })

  it('reports the same in a dry run, and changes nothing', async () => {
    const { options, states } = tenantOf(12)
    const { client } = await start(options)
    const memory = createStore(states)
    const dry = await syncAll({ client, store: memory.store, dryRun: true, now })
    expect(memory.all()).toEqual(states)
    const wet = await syncAll({ client, store: memory.store, now })
    expect({ ...dry, dryRun: false }).toEqual(wet)
  })

  it('ends with the report and the states of one run, if it is stopped and resumed after every customer', async () => {
    const { options, states } = tenantOf(14)
    const { client } = await start(options)
    const whole = createStore(states)
    const expected = await syncAll({ client, store: whole.store, now })
    for (const concurrency of [1, 3]) {
      const memory = createStore(states)
      let report: SyncReport | undefined
      let runs = 0
      do {
        const stop = new AbortController()
        // kept as JSON, as a process would that is started again
        const resumeFrom = report === undefined ? undefined : JSON.parse(JSON.stringify(report))
        const onProgress = () => stop.abort()
        report = await syncAll({
          client,
          store: memory.store,
          now,
          concurrency,
          signal: stop.signal,
          onProgress,
          resumeFrom,
        })
        runs += 1
      } while (!report.complete)
      expect(runs).toBeGreaterThan(3)
      expect(JSON.parse(JSON.stringify(report))).toEqual(JSON.parse(JSON.stringify(expected)))
      expect(memory.all()).toEqual(whole.all())
    }
  })

  it('resumes after an error that stopped it, without a customer twice', async () => {
    const { options, states } = tenantOf(14)
    const { kinde, client } = await start(options)
    const whole = createStore(states)
    const expected = await syncAll({ client, store: whole.store, now })
    const memory = createStore(states)
    let report: SyncReport | undefined
    const onProgress = (next: SyncReport) => {
      report = next
    }
    kinde.failNext({ status: 429, resetSeconds: 3600 }, { on: 'GET /api/v1/billing', after: 4 })
    await expect(syncAll({ client, store: memory.store, now, concurrency: 4, onProgress })).rejects.toMatchObject({
      code: 'rate_limited',
    })
    const resumed = await syncAll({ client, store: memory.store, now, concurrency: 4, resumeFrom: report })
    const sorted = (all: SyncReport) => all.customers.map(({ customerId }) => customerId).sort()
    expect(sorted(resumed)).toEqual(sorted(expected))
    expect(resumed).toMatchObject({ complete: true, checked: expected.checked, drifted: expected.drifted })
    expect(memory.all()).toEqual(whole.all())
  })

  it.each([1, 3])('reports every change, wherever it is killed (%i at once)', async (concurrency) => {
    const { options, states } = tenantOf(8)
    const { client } = await start(options)
    const whole = createStore(states)
    const expected = JSON.parse(JSON.stringify(await syncAll({ client, store: whole.store, now, concurrency })))
    let isKilled = true
    for (let steps = 0; isKilled; steps++) {
      const memory = createStore(states)
      let left = steps
      // after the kill, nothing is written any more
      const step = () => {
        left -= 1
        if (left < 0) throw new Error('killed')
      }
      let kept: string | undefined
      const store: BillingStateStore<undefined, number> = {
        ...memory.store,
        save(...parameters) {
          step()
          return memory.store.save(...parameters)
        },
      }
      const onProgress = (report: SyncReport) => {
        step()
        kept = JSON.stringify(report)
      }
      const target = { client, now, concurrency }
      isKilled = await syncAll({ ...target, store, onProgress }).then(
        () => false,
        (error) => error.message === 'killed' || Promise.reject(error),
      )
      if (!isKilled) expect(steps).toBeGreaterThan(15)
      const last: SyncReport | undefined = kept === undefined ? undefined : JSON.parse(kept)
      const report =
        last?.complete === true ? last : await syncAll({ ...target, store: memory.store, resumeFrom: last })
      const plain = JSON.parse(JSON.stringify(report))
      const byId = (all: SyncReport) => all.customers.toSorted((a, b) => (a.customerId < b.customerId ? -1 : 1))
      expect({ ...plain, customers: byId(plain) }).toEqual({ ...expected, customers: byId(expected) })
      expect(memory.all()).toEqual(whole.all())
    }
  })

  it('stops at an error of onChange, also if it is one of the client', async () => {
    const { options, states } = tenantOf(4)
    const { client } = await start(options)
    const failure = new KindeManagementError('unavailable', 'of another call')
    const onChange = () => {
      throw failure
    }
    await expect(syncAll({ client, store: createStore(states).store, now, onChange })).rejects.toBe(failure)
  })

  it('stops at a missing scope, after one fresh token', async () => {
    const { options, states } = tenantOf(12)
    const { kinde, client } = await start(options)
    const memory = createStore(states)
    kinde.scopes.delete('read:billing_agreements')
    await expect(syncAll({ client, store: memory.store, now })).rejects.toMatchObject({
      code: 'missing_scope',
      scope: 'read:billing_agreements',
    })
    expect(kinde.tokensIssued).toBe(2)
    expect(memory.all()).toEqual(states)
  })

  it('changes nothing for customers that were deleted or cannot be read, and goes on', async () => {
    const { options, states } = tenantOf(6)
    const { kinde, client } = await start(options)
    const memory = createStore(states)
    delete kinde.tenant.agreements['customer_0']
    kinde.failNext({ body: {} }, { on: 'GET /api/v1/billing', after: 1 })
    const report = await syncAll({ client, store: memory.store, now, concurrency: 1 })
    expect(report).toMatchObject({ complete: true, checked: 6, gone: 1, failed: 1 })
    expect(report.customers.slice(0, 2)).toMatchObject([
      { status: 'gone', customerId: 'customer_0', error: { code: 'not_found' } },
      { status: 'failed', customerId: 'customer_2', error: { code: 'invalid_response' } },
    ])
    expect(memory.all()['customer:customer_0']).toEqual(states['customer:customer_0'])
  })

  it('stops at an outage', async () => {
    const { options, states } = tenantOf(40)
    const { kinde, client } = await start(options)
    kinde.failNext({ body: {} }, { on: 'GET /api/v1/billing', times: 1000 })
    await expect(syncAll({ client, store: createStore(states).store, now })).rejects.toMatchObject({
      code: 'invalid_response',
    })
    expect(kinde.requests.filter(({ path }) => path.includes('billing')).length).toBeLessThan(15)
  })

  it('passes on what the store throws', async () => {
    const { options } = tenantOf(4)
    const { client } = await start(options)
    const failure = new Error('the database is gone')
    const store: BillingStateStore = { load: () => Promise.reject(failure), save: () => true }
    await expect(syncAll({ client, store, now })).rejects.toBe(failure)
  })

  it('never takes access from a customer who has an agreement, whatever fails', async () => {
    const { options, states } = tenantOf(6)
    const fault = fc.constantFrom<Parameters<TestManagementApi['failNext']>[0]>(
      { body: {} },
      { body: { has_more: false, agreements: [{}] } },
      { body: [] },
      { status: 400 },
      { status: 404 },
      { status: 401 },
      { status: 403 },
      { status: 206, body: { has_more: false, agreements: [], users: [], organizations: [] } },
      { body: { has_more: false, agreements: [], users: [], organizations: [], errors: { code: 'PARTIAL' } } },
      { body: { has_more: 'false', agreements: {} } },
      'half_a_body',
      'html',
    )
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ fault, after: fc.nat(12) }), { maxLength: 6 }), async (faults) => {
        const kinde = await startTestManagementApi(options)
        const memory = createStore(states)
        for (const { fault, after } of faults) kinde.failNext(fault, { on: 'GET', after })
        await syncAll({ client: createManagementClient(kinde.credentials), store: memory.store, now }).catch(() => {})
        await kinde.close()
        for (const [id, agreements] of Object.entries(options.agreements))
          if (agreements.length > 0) expect(memory.summary(`customer:${id}`).hasAccess).toBe(true)
      }),
      { numRuns: 40 },
    )
  })

  it('refuses a report that cannot be resumed', async () => {
    const { client } = await start()
    const { store } = createStore()
    const report = await syncAll({ client, store })
    await expect(syncAll({ client, store, resumeFrom: report })).rejects.toMatchObject({
      code: 'invalid_configuration',
    })
    await expect(syncAll({ client, store, concurrency: 0 })).rejects.toMatchObject({ code: 'invalid_configuration' })
  })
})

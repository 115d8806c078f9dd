import { runInNewContext } from 'node:vm'
import { PGlite, type Transaction } from '@electric-sql/pglite'
import { KindeWebhookError } from '@kinde-billing/core'
import { createBillingReceiver, DiscardEvent, type InboxDelivery } from '@kinde-billing/core/receiver'
import { newDelivery } from '@kinde-billing/testing/inbox-contract/attempts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  createPostgresInbox,
  ensureSchema,
  eraseClaims,
  inboxHealth,
  listDeliveries,
  type RedeliveryReceiver,
  readDelivery,
  redeliver,
  requestRedelivery,
  sweepDeliveries,
} from './index.js'

let pglite: PGlite
beforeAll(async () => {
  pglite = await PGlite.create()
  await ensureSchema(pglite)
  await pglite.exec('create table effects (event_id text)')
})
beforeEach(async () => {
  await pglite.exec('truncate effects; truncate kinde_billing_deliveries')
})
afterAll(() => pglite.close())

type Handler = (delivery: InboxDelivery, tx: Transaction) => Promise<unknown>

const takeEffect: Handler = ({ eventId }, tx) => tx.query('insert into effects values ($1)', [eventId])
const fail: Handler = () => Promise.reject(new Error('no plan of this code'))

function inboxWith(options: { keepClaims?: 'failed' | 'all' | false; keepMs?: number } = {}) {
  return createPostgresInbox({ pool: pglite, ...options })
}

async function attempt(delivery: InboxDelivery, handler: Handler, inbox = inboxWith()): Promise<unknown> {
  return inbox.once(delivery, async (tx) => void (await handler(delivery, tx))).catch((error: unknown) => error)
}

/** A receiver as far as redelivery goes: it knows the deliveries and one handler. */
function receiverFor(deliveries: readonly InboxDelivery[], handler: Handler, inbox = inboxWith()) {
  const runs: string[] = []
  const receiver: RedeliveryReceiver<undefined> = {
    name: 'billing',
    async redeliver(claims) {
      const delivery = deliveries.find(({ eventId }) => eventId === claims.event_id)
      if (delivery === undefined) throw new Error('unknown claims')
      const again = { ...delivery, redelivery: true }
      runs.push(again.eventId)
      const outcome = await inbox
        .once(again, async (tx) => void (await handler(again, tx)))
        .catch(() => 'handler_failed' as const)
      return { outcome: outcome === 'in_progress' ? 'delivery_in_progress' : outcome }
    },
  }
  return { receiver, runs }
}

async function effects(): Promise<string[]> {
  const { rows } = await pglite.query<{ event_id: string }>('select event_id from effects')
  return rows.map(({ event_id }) => event_id)
}

const makeDue = () => pglite.exec('update kinde_billing_deliveries set redelivery_due_at = now()')
const again = { reason: 'the plan is there now' }
const quickly = { perSecond: 1000 }

describe('claims', () => {
  it('are kept while an event fails, and removed by the mark', async () => {
    const delivery = newDelivery({
      customer: 'customer_1',
      claims: { event_id: 'e', data: { note: 'nul \u0000 and \ud800 and ünïcode' } },
    })
    await attempt(delivery, fail)
    expect(await readDelivery(pglite, delivery.eventId)).toMatchObject({
      status: 'failed',
      attempts: 1,
      failures: 1,
      customer: 'customer_1',
      lastError: { code: 'handler_failed', message: 'no plan of this code' },
      claims: delivery.claims,
    })
    await attempt(delivery, takeEffect)
    const done = await readDelivery(pglite, delivery.eventId)
    expect(done).toMatchObject({ status: 'done', attempts: 2, failures: 1, claimsBytes: 0, lastError: undefined })
    expect(done).toMatchObject({ customer: undefined, claims: undefined })
  })

  it('are kept by the second arrival of an event whose first attempt died', async () => {
    const delivery = newDelivery()
    await attempt(delivery, fail, inboxWith({ keepClaims: false }))
    expect((await readDelivery(pglite, delivery.eventId))?.claimsBytes).toBe(0)
    await inboxWith().once(delivery, async () => {
      // As if the process died here: the transaction goes, and the claims stay.
      throw new DiscardEvent('undone below')
    })
    expect((await readDelivery(pglite, delivery.eventId))?.status).toBe('discarded')
    const killed = newDelivery()
    await attempt(killed, fail, inboxWith({ keepClaims: false }))
    let kept: number | undefined
    await inboxWith().once(killed, async (tx) => {
      const { rows } = await tx.query<{ bytes: number }>(
        'select octet_length(claims) as bytes from kinde_billing_deliveries where key = $1',
        [killed.key],
      )
      kept = rows[0]?.bytes
    })
    expect(kept).toBeGreaterThan(10)
  })

  it('are nowhere in the table after events that succeeded', async () => {
    for (let index = 0; index < 20; index += 1) {
      const data = { customer_id: 'customer_secret', note: `value-${index}` }
      await attempt(newDelivery({ customer: 'customer_secret', claims: { data } }), takeEffect)
    }
    const { rows } = await pglite.query<{ dump: string }>(
      'select string_agg(delivery::text, chr(10)) as dump from kinde_billing_deliveries as delivery',
    )
    expect(rows[0]?.dump).not.toMatch(/customer_secret|value-/)
  })

  it('are not kept with keepClaims: false, but the failure is recorded', async () => {
    const delivery = newDelivery()
    await attempt(delivery, fail, inboxWith({ keepClaims: false }))
    expect(await readDelivery(pglite, delivery.eventId)).toMatchObject({
      claims: undefined,
      customer: undefined,
      failures: 1,
    })
    expect(await requestRedelivery(pglite, { eventIds: [delivery.eventId] }, again)).toBe(0)
  })

  it('are not kept with keepClaims: false by later attempts either', async () => {
    const delivery = newDelivery({ retentionMs: 1000 })
    for (let run = 0; run < 3; run += 1) await attempt(delivery, fail, inboxWith({ keepClaims: false }))
    const { rows } = await pglite.query(
      "select claims, customer, expires_at < now() + interval '1 day' as ends from kinde_billing_deliveries",
    )
    expect(rows).toEqual([{ claims: null, customer: null, ends: true }])
  })

  it('are stored as ASCII, for databases of any encoding', async () => {
    const claims = { event_id: 'e', data: { name: 'Zoë 🦊 \u007f \u0000' } }
    const delivery = newDelivery({ claims })
    await attempt(delivery, fail)
    const { rows } = await pglite.query("select claims ~ '^[ -~]+$' as ascii from kinde_billing_deliveries")
    expect(rows).toEqual([{ ascii: true }])
    expect((await readDelivery(pglite, delivery.eventId))?.claims).toEqual(claims)
    await attempt(newDelivery({ claims: { data: { id: 'Zoë' } } }), fail)
    expect(await eraseClaims(pglite, { customer: 'Zoë' })).toBe(2)
  })

  it.each([
    ['holds U+0000', 'customer\u0000'],
    ['is longer than an index entry', Array.from({ length: 3000 }, () => crypto.randomUUID()).join('')],
  ])('are kept when the customer %s', async (_, customer) => {
    const delivery = newDelivery({ customer })
    await attempt(delivery, fail)
    await attempt(delivery, fail)
    expect(await readDelivery(pglite, delivery.eventId)).toMatchObject({ failures: 2, claims: delivery.claims })
    expect(await attempt(delivery, takeEffect)).toBe('processed')
  })

  it('are removed by the sweep if an older release left them behind, with error and request', async () => {
    const delivery = newDelivery()
    await attempt(delivery, () => Promise.reject(new Error('no user kp_ada')))
    await requestRedelivery(pglite, { eventIds: [delivery.eventId] }, again)
    await pglite.exec('update kinde_billing_deliveries set done_at = now()')
    await sweepDeliveries(pglite)
    const { rows } = await pglite.query(
      'select claims, customer, error_code, error_message, redelivery_requested_at from kinde_billing_deliveries',
    )
    expect(rows).toEqual([
      { claims: null, customer: null, error_code: null, error_message: null, redelivery_requested_at: null },
    ])
  })

  it('last as long as a failed event does, also after an attempt of an older release', async () => {
    const delivery = newDelivery()
    await attempt(delivery, fail)
    // As the arrival of version 1 has it.
    await pglite.exec("update kinde_billing_deliveries set expires_at = now() - interval '1 second'")
    expect(await sweepDeliveries(pglite)).toBe(0)
    expect((await readDelivery(pglite, delivery.eventId))?.claims).toEqual(delivery.claims)
  })

  it("are kept for keepMs with 'all', and removed by the sweep", async () => {
    const delivery = newDelivery()
    await attempt(delivery, takeEffect, inboxWith({ keepClaims: 'all', keepMs: 0 }))
    expect((await readDelivery(pglite, delivery.eventId))?.claims).toEqual(delivery.claims)
    await sweepDeliveries(pglite)
    expect(await readDelivery(pglite, delivery.eventId)).toMatchObject({ status: 'done', claims: undefined })
  })

  it('outlast the retention while the event is not done', async () => {
    const delivery = newDelivery({ retentionMs: 0 })
    await attempt(delivery, fail)
    expect(await sweepDeliveries(pglite)).toBe(0)
    expect((await readDelivery(pglite, delivery.eventId))?.status).toBe('failed')
  })

  it.each([{ keepClaims: 'none' }, { keepMs: -1 }, { keepMs: Number.NaN }, { keepClaim: 'all' }])(
    'refuses %o',
    (options) => {
      expect(() => createPostgresInbox({ pool: pglite, ...(options as object) })).toThrow(KindeWebhookError)
    },
  )
})

describe('recordFailure', () => {
  it('leaves a row for an event that failed before its handler could run', async () => {
    const delivery = newDelivery()
    const error = new KindeWebhookError('schema_mismatch', 'data.plan must be a string')
    await inboxWith().recordFailure?.(delivery, error)
    await inboxWith().recordFailure?.(delivery, error)
    expect(await readDelivery(pglite, delivery.eventId)).toMatchObject({
      status: 'failed',
      attempts: 2,
      failures: 2,
      lastError: { code: 'schema_mismatch', message: 'data.plan must be a string' },
      claims: delivery.claims,
    })
  })

  it('closes its connection when the lease is over, however long Postgres is silent', async () => {
    const released: unknown[] = []
    const client = { query: () => new Promise<never>(() => {}), release: (destroy?: boolean) => released.push(destroy) }
    const inbox = createPostgresInbox({ pool: { connect: async () => client } })
    const record = inbox.recordFailure?.(newDelivery({ leaseMs: 5 }), new Error('refused'))
    await expect(record).rejects.toThrow('The lease of 5 ms is over')
    expect(released).toEqual([true])
  })

  it('does not touch an event that is done', async () => {
    const delivery = newDelivery()
    await attempt(delivery, takeEffect)
    await inboxWith().recordFailure?.(delivery, new Error('late'))
    expect(await readDelivery(pglite, delivery.eventId)).toMatchObject({
      status: 'done',
      failures: 0,
      claims: undefined,
    })
  })
})

describe('redeliver', () => {
  it('runs what is requested, and counts no arrival', async () => {
    const deliveries = [newDelivery(), newDelivery({ customer: 'customer_2' })]
    for (const delivery of deliveries) await attempt(delivery, fail)
    expect(await requestRedelivery(pglite, { status: 'failed' }, again)).toBe(2)
    expect(await requestRedelivery(pglite, { status: 'failed' }, again)).toBe(0)
    const { receiver } = receiverFor(deliveries, takeEffect)
    expect(await redeliver(pglite, receiver, quickly)).toEqual({ processed: 2 })
    expect((await effects()).sort()).toEqual(deliveries.map(({ eventId }) => eventId).sort())
    const [first] = deliveries
    expect(await readDelivery(pglite, first?.eventId ?? '')).toMatchObject({
      status: 'done',
      attempts: 1,
      claimsBytes: 0,
      redelivery: { reason: again.reason, runs: 1, requestedAt: undefined },
    })
    expect(await redeliver(pglite, receiver, quickly)).toEqual({})
  })

  it('keeps the order of one customer, and holds later events back while an earlier one fails', async () => {
    const at = (minute: number) => new Date(Date.UTC(2026, 4, 1, 12, minute))
    const deliveries = [3, 1, 2].map((minute) =>
      newDelivery({ occurredAt: at(minute), customer: 'customer_1', claims: {} }),
    )
    for (const delivery of deliveries) delivery.claims = { event_id: delivery.eventId }
    for (const delivery of deliveries) await attempt(delivery, fail)
    const [third, first, second] = deliveries.map(({ eventId }) => eventId)
    await requestRedelivery(pglite, { status: 'failed' }, again)

    const failing = receiverFor(deliveries, fail)
    expect(await redeliver(pglite, failing.receiver, quickly)).toEqual({ handler_failed: 1 })
    await makeDue()
    const working = receiverFor(deliveries, takeEffect)
    await redeliver(pglite, working.receiver, quickly)
    expect([failing.runs, working.runs]).toEqual([[first], [first, second, third]])
  })

  it('waits longer after each failure, and gives up after 30 days', async () => {
    const delivery = newDelivery()
    await attempt(delivery, fail)
    await requestRedelivery(pglite, { eventIds: [delivery.eventId] }, again)
    const { receiver, runs } = receiverFor([delivery], fail)
    const waits: number[] = []
    for (let run = 0; run < 8; run += 1) {
      await makeDue()
      await redeliver(pglite, receiver, quickly)
      const { rows } = await pglite.query<{ wait: number }>(
        'select extract(epoch from redelivery_due_at - now())::float8 as wait from kinde_billing_deliveries',
      )
      waits.push(Math.round(rows[0]?.wait ?? 0))
      expect(await redeliver(pglite, receiver, quickly)).toEqual({})
    }
    expect(waits).toEqual([5, 30, 120, 600, 3600, 14_400, 43_200, 43_200])
    await pglite.exec("update kinde_billing_deliveries set redelivery_requested_at = now() - interval '31 days'")
    await makeDue()
    expect(await redeliver(pglite, receiver, quickly)).toEqual({})
    expect(runs).toHaveLength(8)
    expect((await listDeliveries(pglite, { status: 'failed' })).deliveries).toMatchObject([{ dead: true }])
    expect(await inboxHealth(pglite)).toMatchObject({ failing: 1, dead: 1, toRedeliver: 0 })
    expect(await requestRedelivery(pglite, { status: 'failed' }, again)).toBe(1)
    expect(await redeliver(pglite, receiver, quickly)).toEqual({ handler_failed: 1 })
  })

  it('runs at once, when asked again, what a redelivery has failed with and put off', async () => {
    const delivery = newDelivery()
    await attempt(delivery, fail)
    await requestRedelivery(pglite, { status: 'failed' }, { reason: 'too early' })
    await redeliver(pglite, receiverFor([delivery], fail).receiver, quickly)
    const working = receiverFor([delivery], takeEffect).receiver
    expect(await redeliver(pglite, working, quickly)).toEqual({})
    expect(await requestRedelivery(pglite, { status: 'failed' }, again)).toBe(1)
    expect(await requestRedelivery(pglite, { status: 'failed' }, again)).toBe(0)
    expect(await redeliver(pglite, working, quickly)).toEqual({ processed: 1 })
    expect(await readDelivery(pglite, delivery.eventId)).toMatchObject({ redelivery: { reason: again.reason } })
  })

  it('runs a handled event again only with evenIfDone, and records it', async () => {
    const all = inboxWith({ keepClaims: 'all' })
    const delivery = newDelivery()
    await attempt(delivery, takeEffect, all)
    expect(await requestRedelivery(pglite, { eventIds: [delivery.eventId] }, again)).toBe(0)
    const options = { reason: 'billed wrongly', evenIfDone: true }
    expect(await requestRedelivery(pglite, { eventIds: [delivery.eventId] }, options)).toBe(1)
    expect((await readDelivery(pglite, delivery.eventId))?.status).toBe('to_redeliver')
    expect(await attempt(delivery, takeEffect, all)).toBe('duplicate')
    const { receiver } = receiverFor([delivery], takeEffect, all)
    expect(await redeliver(pglite, receiver)).toEqual({ processed: 1 })
    expect(await effects()).toHaveLength(2)
    expect(await readDelivery(pglite, delivery.eventId)).toMatchObject({
      status: 'done',
      attempts: 2,
      redelivery: { runs: 1, reason: 'billed wrongly' },
    })
    expect(await redeliver(pglite, receiver)).toEqual({})
  })

  it('runs an event again that was requested while it ran and failed', async () => {
    const delivery = newDelivery()
    await attempt(delivery, fail)
    const request = () => requestRedelivery(pglite, { eventIds: [delivery.eventId] }, again)
    await request()
    const working = receiverFor([delivery], takeEffect).receiver
    const receiver: RedeliveryReceiver<undefined> = {
      name: 'billing',
      redeliver: async () => {
        await request()
        return { outcome: 'handler_failed' }
      },
    }
    await redeliver(pglite, receiver, { ...quickly, limit: 1 })
    expect((await readDelivery(pglite, delivery.eventId))?.redelivery?.dueAt).toBeInstanceOf(Date)
    await makeDue()
    expect(await redeliver(pglite, working, quickly)).toEqual({ processed: 1 })
  })

  it('leaves erased what was erased while it ran', async () => {
    const delivery = newDelivery({ customer: 'customer_9' })
    await attempt(delivery, fail)
    await requestRedelivery(pglite, { eventIds: [delivery.eventId] }, again)
    const failing = receiverFor([delivery], fail).receiver
    const receiver: RedeliveryReceiver<undefined> = {
      name: 'billing',
      redeliver: async (...args) => {
        await eraseClaims(pglite, { customer: 'customer_9' })
        return failing.redeliver(...args)
      },
    }
    expect(await redeliver(pglite, receiver, quickly)).toEqual({ handler_failed: 1 })
    const { rows } = await pglite.query<{ dump: string }>(
      "select delivery::text as dump, expires_at < 'infinity' as ends from kinde_billing_deliveries as delivery",
    )
    expect(rows).toEqual([{ dump: expect.not.stringContaining('customer_9'), ends: true }])
  })

  it("hands deliveries of another issuer to no receiver but that issuer's", async () => {
    const delivery = newDelivery()
    await attempt({ ...delivery, key: `https://staging.kinde.com billing ${delivery.eventId}` }, fail)
    await requestRedelivery(pglite, { status: 'failed' }, again)
    const create = (issuer: string) =>
      createBillingReceiver({
        issuer,
        name: 'billing',
        inbox: inboxWith(),
        log: false,
        onEvent: (event, { tx }) => void tx.query('insert into effects values ($1)', [event.id]),
      })
    expect(await redeliver(pglite, create('https://acme.kinde.com'), quickly)).toEqual({ invalid_configuration: 1 })
    expect(await effects()).toEqual([])
    await makeDue()
    expect(await redeliver(pglite, create('https://staging.kinde.com'), quickly)).toEqual({ processed: 1 })
  })

  it('answers duplicate for a handled event whose redelivery was not requested', async () => {
    const delivery = newDelivery()
    await attempt(delivery, takeEffect)
    expect(await attempt({ ...delivery, redelivery: true }, takeEffect)).toBe('duplicate')
    expect(await effects()).toHaveLength(1)
  })

  it('takes an event that has never arrived', async () => {
    const delivery = newDelivery({ redelivery: true })
    expect(await attempt(delivery, takeEffect)).toBe('processed')
    expect(await readDelivery(pglite, delivery.eventId)).toMatchObject({ status: 'done', attempts: 0 })
    expect(await attempt({ ...delivery, redelivery: false }, takeEffect)).toBe('duplicate')
  })

  it("runs only the receiver's own deliveries, of one issuer", async () => {
    const own = newDelivery()
    const other = newDelivery()
    await attempt(own, fail)
    await attempt({ ...other, key: `https://acme.kinde.com invoices ${other.eventId}` }, fail)
    await requestRedelivery(pglite, { status: 'failed' }, again)
    const { receiver, runs } = receiverFor([own, other], takeEffect)
    await redeliver(pglite, receiver, quickly)
    expect(runs).toEqual([own.eventId])

    for (const tenant of ['a', 'b']) {
      const delivery = newDelivery()
      await attempt({ ...delivery, key: `https://${tenant}.kinde.com billing ${delivery.eventId}` }, fail)
    }
    await requestRedelivery(pglite, { status: 'failed' }, again)
    await expect(redeliver(pglite, receiver, quickly)).rejects.toThrow('several issuers')
  })

  it('stops at its limit and at its signal, and reports progress', async () => {
    const deliveries = Array.from({ length: 5 }, (_, index) => newDelivery({ customer: `customer_${index}` }))
    for (const delivery of deliveries) await attempt(delivery, fail)
    await requestRedelivery(pglite, { eventIds: deliveries.map(({ eventId }) => eventId) }, again)
    const { receiver } = receiverFor(deliveries, takeEffect)
    expect(await redeliver(pglite, receiver, { ...quickly, limit: 2 })).toEqual({ processed: 2 })
    const stop = new AbortController()
    const progress: number[] = []
    const onProgress = ({ count }: { count: number }) => {
      progress.push(count)
      stop.abort()
    }
    await redeliver(pglite, receiver, { ...quickly, concurrency: 1, signal: stop.signal, onProgress })
    expect(progress).toEqual([1])
    expect(await effects()).toHaveLength(3)
  })

  it.each([{ limit: 0 }, { concurency: 2 }, { concurrency: 101 }, { concurrency: 0 }, { perSecond: 0 }])(
    'refuses %o',
    async (options: object) => {
      const { receiver } = receiverFor([], takeEffect)
      await expect(redeliver(pglite, receiver, options)).rejects.toMatchObject({ code: 'invalid_configuration' })
    },
  )
})

describe('listDeliveries', () => {
  it('filters and pages, newest first, and never shows claims', async () => {
    for (let index = 0; index < 25; index += 1) {
      const type = index % 2 === 0 ? 'customer.plan_changed' : 'customer.payment_failed'
      await attempt(newDelivery({ type, customer: `customer_${index % 5}` }), index % 5 === 0 ? takeEffect : fail)
    }
    await attempt(newDelivery(), () => Promise.reject(new DiscardEvent('unknown plan')))
    const seen: string[] = []
    let after: string | undefined
    do {
      const page = await listDeliveries(pglite, { limit: 7, after })
      expect(page.deliveries.length).toBeLessThanOrEqual(7)
      expect(JSON.stringify(page)).not.toContain('customer_id')
      seen.push(...page.deliveries.map(({ eventId }) => eventId))
      after = page.next
    } while (after !== undefined)
    expect(new Set(seen).size).toBe(26)

    const count = async (filter: object) => (await listDeliveries(pglite, { limit: 100, ...filter })).deliveries.length
    expect(await count({ status: 'done' })).toBe(5)
    expect(await count({ status: 'discarded' })).toBe(1)
    expect(await count({ status: 'failed' })).toBe(20)
    expect(await count({ status: 'failed', customer: 'customer_1' })).toBe(5)
    expect(await count({ customer: 'customer_unknown' })).toBe(0)
    const claims = { event_id: 'e', data: { customer_id: 'customer_1', org_code: 'org_acme' } }
    await attempt(newDelivery({ customer: 'customer_1', claims }), fail)
    expect(await count({ customer: 'org_acme' })).toBe(1)
    expect(await count({ type: 'customer.payment_failed' })).toBe(12)
    expect(await count({ since: new Date(Date.now() + 60_000) })).toBe(0)
    expect(await count({ since: runInNewContext('new Date(0)') })).toBe(await count({ since: new Date(0) }))
  })

  it('pages through deliveries that arrived at the same moment', async () => {
    for (let index = 0; index < 9; index += 1) await attempt(newDelivery(), takeEffect)
    await pglite.exec('update kinde_billing_deliveries set first_seen_at = now()')
    const seen: string[] = []
    let after: string | undefined
    do {
      const page = await listDeliveries(pglite, { limit: 2, after })
      seen.push(...page.deliveries.map(({ key }) => key))
      after = page.next
    } while (after !== undefined)
    expect(seen).toEqual([...new Set(seen)].sort().reverse())
    expect(seen).toHaveLength(9)
  })

  it.each([
    { status: 'broken' },
    { limit: 0 },
    { limit: 1001 },
    { since: new Date('x') },
    { type: Object(5) },
    { customer: Object(null) },
    { after: 'x' },
    { after: Buffer.from('["Jan 1 2026 (x)","key"]').toString('base64url') },
  ])('refuses %o', async (options) => {
    await expect(listDeliveries(pglite, options as object)).rejects.toMatchObject({ code: 'invalid_configuration' })
  })
})

describe('readDelivery', () => {
  it('finds an event among many endpoints, and takes hostile ids as they are', async () => {
    const ids = ["'; drop table effects; --", 'a b  c', '%', 'e\\', 'ü "quoted"']
    for (const eventId of ids)
      for (const name of ['billing', 'billing-2', 'b.3'])
        for (const issuer of ['https://acme.kinde.com', 'https://b.kinde.com'])
          await attempt(newDelivery({ eventId, key: `${issuer} ${name} ${eventId}` }), fail)
    for (const eventId of ids) {
      expect((await readDelivery(pglite, eventId))?.eventId).toBe(eventId)
      expect((await readDelivery(pglite, eventId, { name: 'b.3' }))?.name).toBe('b.3')
      expect(await requestRedelivery(pglite, { eventIds: [eventId] }, again)).toBe(6)
    }
    expect(await readDelivery(pglite, 'event_unknown')).toBeUndefined()
  })

  it.each(['nul \0', 'half a pair \ud800'])(
    'finds, lists and erases what Postgres cannot store as it is: %j',
    async (id) => {
      const stored = id.replace(/\0|\ud800/, '\ufffd')
      await attempt(newDelivery({ eventId: id, customer: id }), fail)
      expect((await readDelivery(pglite, id))?.eventId).toBe(stored)
      expect(await requestRedelivery(pglite, { eventIds: [id] }, again)).toBe(1)
      expect((await listDeliveries(pglite, { customer: id })).deliveries).toMatchObject([{ customer: stored }])
      expect((await listDeliveries(pglite, { type: id })).deliveries).toEqual([])
      expect(await eraseClaims(pglite, { customer: id })).toBe(1)
    },
  )

  it('keeps the claims out of what is logged', async () => {
    const delivery = newDelivery()
    await attempt(delivery, fail)
    const details = await readDelivery(pglite, delivery.eventId)
    expect(details?.claims).toEqual(delivery.claims)
    expect(JSON.stringify(details)).not.toContain('customer_id')
  })
})

describe('eraseClaims', () => {
  it('leaves nothing of a customer in the table, and keeps the marks', async () => {
    const all = inboxWith({ keepClaims: 'all' })
    const claims = { event_id: 'e', data: { customer_id: 'customer_9', user_id: 'kp_ada' } }
    const done = newDelivery({ customer: 'customer_9', claims })
    const failed = newDelivery({ customer: 'customer_9', claims })
    const other = newDelivery({ customer: 'customer_8' })
    await attempt(done, takeEffect, all)
    await attempt(failed, () => Promise.reject(new Error('no user kp_ada of customer_9')))
    await attempt(other, fail)
    await requestRedelivery(pglite, { eventIds: [failed.eventId] }, { reason: 'customer_9 called' })
    expect(await eraseClaims(pglite, { customer: 'kp_ada' })).toBe(2)
    const { rows } = await pglite.query<{ dump: string }>(
      'select string_agg(delivery::text, chr(10)) as dump from kinde_billing_deliveries as delivery',
    )
    expect(rows[0]?.dump).not.toMatch(/customer_9|kp_ada/)
    expect(rows[0]?.dump).toContain('customer_8')
    expect(await attempt(done, takeEffect, all)).toBe('duplicate')
    expect(await readDelivery(pglite, failed.eventId)).toMatchObject({ status: 'failed', redelivery: undefined })
  })

  it.each([
    ['a text', 'merged from kp_1'],
    ['an address', 'https://example.com/users/kp_1?tab=plans'],
    ['lines', 'first\nkp_1\nlast'],
    ['a text of other scripts', 'für kp_1é'],
    ['quotes', '"kp_1"'],
    ['a key', { kp_1: true }],
    ['an array', [['kp_1']]],
  ])('finds an id inside %s', async (_, note) => {
    await attempt(newDelivery({ claims: { data: { note } } }), fail)
    await attempt(newDelivery(), () => Promise.reject(new Error(`no user (${JSON.stringify(note)})`)))
    expect(await eraseClaims(pglite, { customer: 'kp_1' })).toBe(2)
  })

  it.each(['kp_12', 'xkp_1', 'kp_1-2', 'kp_1_', 'KP_1'])('leaves the claims of another customer, %s', async (id) => {
    const claims = { data: { id, note: `about ${id}.` } }
    const delivery = newDelivery({ claims, customer: id })
    await attempt(delivery, () => Promise.reject(new Error(`no user ${id}`)))
    await requestRedelivery(pglite, { eventIds: [delivery.eventId] }, { reason: `${id} called` })
    expect(await eraseClaims(pglite, { customer: 'kp_1' })).toBe(0)
    expect(await eraseClaims(pglite, { customer: id })).toBe(1)
  })

  it('takes every character of an id for itself', async () => {
    const id = String.raw`a.b*(c)[d]{1}^$|+?\\ e'"é<>`
    await attempt(newDelivery({ claims: { data: { id } } }), fail)
    expect(await eraseClaims(pglite, { customer: id.replace('.', 'x') })).toBe(0)
    expect(await eraseClaims(pglite, { customer: id })).toBe(1)
  })

  it('erases what arrived before a time', async () => {
    const delivery = newDelivery()
    await attempt(delivery, fail)
    expect(await eraseClaims(pglite, { before: new Date(Date.now() - 60_000) })).toBe(0)
    expect(await eraseClaims(pglite, { before: new Date(Date.now() + 60_000) })).toBe(1)
    expect(await eraseClaims(pglite, { before: new Date(Date.now() + 60_000) })).toBe(0)
  })

  it.each([{ customer: '' }, { before: 'yesterday' }, {}])('refuses %o', async (selection) => {
    await expect(eraseClaims(pglite, selection as never)).rejects.toMatchObject({ code: 'invalid_configuration' })
  })
})

describe('inboxHealth', () => {
  it('says since when everything fails, and when Kinde gives up', async () => {
    expect(await inboxHealth(pglite)).toEqual({
      lastArrivalAt: undefined,
      lastSuccessAt: undefined,
      failing: 0,
      oldestFailure: undefined,
      failingSince: undefined,
      disabledAt: undefined,
      toRedeliver: 0,
      dead: 0,
    })
    await attempt(newDelivery(), takeEffect)
    const failed = newDelivery()
    await attempt(failed, fail)
    const health = await inboxHealth(pglite)
    const firstSeenAt = health.oldestFailure?.firstSeenAt.getTime() ?? 0
    expect(health).toMatchObject({
      failing: 1,
      oldestFailure: {
        eventId: failed.eventId,
        type: failed.type,
        kindeStopsAt: new Date(firstSeenAt + 36 * 3_600_000),
      },
    })
    const failingSince = health.failingSince?.getTime() ?? 0
    expect(failingSince).toBeGreaterThanOrEqual(firstSeenAt)
    expect(health.disabledAt).toEqual(new Date(failingSince + 72 * 3_600_000))
    await attempt(newDelivery(), takeEffect)
    expect(await inboxHealth(pglite, { name: 'billing' })).toMatchObject({ failing: 1, failingSince: undefined })
    expect(await inboxHealth(pglite, { name: 'other' })).toMatchObject({ failing: 0, lastArrivalAt: undefined })
  })

  it('counts neither failures nor successes of redeliveries, which Kinde does not see', async () => {
    const [old, recent] = [newDelivery(), newDelivery()]
    await attempt(old, fail)
    await attempt(newDelivery(), takeEffect)
    await requestRedelivery(pglite, { eventIds: [old.eventId] }, again)
    await redeliver(pglite, receiverFor([old], fail).receiver, quickly)
    expect(await inboxHealth(pglite)).toMatchObject({ failing: 1, failingSince: undefined, disabledAt: undefined })

    await attempt(recent, fail)
    await makeDue()
    await redeliver(pglite, receiverFor([old], takeEffect).receiver, quickly)
    const { failingSince, lastSuccessAt, oldestFailure } = await inboxHealth(pglite)
    expect(failingSince).toEqual(oldestFailure?.firstSeenAt)
    expect(lastSuccessAt?.getTime()).toBeGreaterThan(failingSince?.getTime() ?? 0)
  })
})

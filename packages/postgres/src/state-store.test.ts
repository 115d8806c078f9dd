import { PGlite } from '@electric-sql/pglite'
import type { HandlerDelivery, InboxDelivery } from '@kinde-billing/core/receiver'
import { type BillingState, createBillingStateHandler } from '@kinde-billing/state'
import { at, fold } from '@kinde-billing/test-support/billing-events'
import { newDelivery } from '@kinde-billing/testing/inbox-contract/attempts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  createPostgresInbox,
  createPostgresStateStore,
  ensureSchema,
  ensureStateSchema,
  type StateClient,
  stateSchemaSql,
} from './index.js'

const KEY = 'customer:customer_1'
const created = at(0, 'created', { agreement: 'a', plan: 'pro' })

const stateOf = (...events: Parameters<typeof fold>[0]): BillingState => {
  const state = fold(events)
  if (state === undefined) throw new Error('no events')
  return state
}

describe('on PGlite', () => {
  const pglite = new PGlite()
  const store = createPostgresStateStore()
  const tx = { tx: pglite }
  beforeAll(async () => {
    await ensureSchema(pglite)
    await Promise.all([ensureStateSchema(pglite), ensureStateSchema(pglite)])
  })
  afterAll(() => pglite.close())

  it('gives back what was saved, to the byte, whatever is in it', async () => {
    const state = stateOf(at(0, 'created', { agreement: 'NUL \0, half \ud83d, " and \\', plan: '__proto__' }))
    expect(await store.load('customer:hostile', tx)).toBeUndefined()
    expect(await store.read('customer:hostile', pglite)).toBeUndefined()
    expect(await store.save('customer:hostile', state, undefined, tx)).toBe(true)
    expect(JSON.stringify((await store.load('customer:hostile', tx))?.state)).toBe(JSON.stringify(state))
    expect(JSON.stringify(await store.read('customer:hostile', pglite))).toBe(JSON.stringify(state))
  })

  it('refuses a version that is not the stored one', async () => {
    const [first, second] = [stateOf(created), stateOf(created, at(1, 'failed'))]
    expect(await store.save('customer:race', first, undefined, tx)).toBe(false)
    await store.load('customer:race', tx)
    expect(await store.save('customer:race', first, undefined, tx)).toBe(true)
    expect(await store.save('customer:race', second, undefined, tx)).toBe(false)
    const stored = await store.load('customer:race', tx)
    expect(await store.save('customer:race', second, stored?.version, tx)).toBe(true)
    expect(await store.save('customer:race', first, stored?.version, tx)).toBe(false)
    expect((await store.load('customer:race', tx))?.state).toStrictEqual(second)
  })

  it('is undone with the transaction of the inbox, and so are the changes that were told', async () => {
    await pglite.exec('create table mails (change text)')
    const handle = createBillingStateHandler({
      store,
      async onChange(changes, { delivery }: { delivery: HandlerDelivery<unknown, StateClient> }) {
        for (const { type } of changes) await delivery.tx.query('insert into mails values ($1)', [type])
      },
    })
    const inbox = createPostgresInbox({ pool: pglite })
    const attempt = (fails: boolean) =>
      inbox.once(inboxDelivery(created.id), async (client, signal) => {
        await handle(created, {
          webhookId: undefined,
          redelivery: undefined,
          receivedAt: new Date(),
          context: undefined,
          signal,
          tx: client,
        })
        if (fails) throw new Error('the mail server is down')
      })
    await expect(attempt(true)).rejects.toThrow('the mail server is down')
    expect(await store.read(KEY, pglite)).toBeUndefined()
    expect(await attempt(false)).toBe('processed')
    expect(await attempt(false)).toBe('duplicate')
    expect(await store.read(KEY, pglite)).toStrictEqual(stateOf(created))
    expect((await pglite.query('select change from mails')).rows).toEqual([{ change: 'access_granted' }])
  })

  it('gives the handler its load and save if it is spread into the options', async () => {
    const handle = createBillingStateHandler<unknown, StateClient, string>({ ...createPostgresStateStore() })
    const event = at(0, 'created', { customer: 'customer_spread' })
    await handle(event, {
      webhookId: undefined,
      redelivery: undefined,
      receivedAt: new Date(),
      context: undefined,
      signal: new AbortController().signal,
      tx: pglite,
    })
    expect(await store.read('customer:customer_spread', pglite)).toStrictEqual(stateOf(event))
  })

  it('keeps its rows in the table that it is given, and refuses a name that is none', async () => {
    const table = 'other_states'
    await ensureStateSchema(pglite, { table })
    const other = createPostgresStateStore({ table })
    await other.load(KEY, tx)
    expect(await other.save(KEY, stateOf(created), undefined, tx)).toBe(true)
    expect((await pglite.query('select key from other_states')).rows).toEqual([{ key: KEY }])
    expect(stateSchemaSql({ table })).toContain('create table if not exists other_states (')
    expect(() => createPostgresStateStore({ table: 'a; drop table b' })).toThrow('table is ')
  })
})

function inboxDelivery(eventId: string): InboxDelivery {
  return newDelivery({ key: `issuer test ${eventId}`, eventId })
}

import { at, LATER } from '@kinde-billing/test-support/billing-events'
import { describe, expect, it } from 'vitest'
import { applyBillingEvent, type BillingState, type BillingStateStore, updateBillingState } from './index.js'

const KEY = 'customer:customer_1'
const created = at(0, 'created', { agreement: 'a', plan: 'basic' })
const apply = (state: BillingState | undefined) => applyBillingEvent(state, created)

/** A store with transactions, which are undone if they reject. */
function createStore() {
  let row: { state: BillingState; version: number } | undefined
  const ends: string[] = []
  const store: BillingStateStore<string, number> = {
    load: () => row,
    save(_, state, version) {
      row = { state, version: (version ?? 0) + 1 }
      return true
    },
    async transaction(work) {
      const before = row
      try {
        const result = await work('tx')
        ends.push('commit')
        return result
      } catch (error) {
        row = before
        ends.push('rollback')
        throw error
      }
    },
  }
  return { store, ends, state: () => row?.state }
}

describe('updateBillingState', () => {
  const options = { key: KEY, cause: 'sync', now: () => LATER.getTime() } as const

  it('says in a dry run what the same call then does', async () => {
    const { store, ends, state } = createStore()
    const called: string[] = []
    const onChange = (changes: readonly { type: string }[], { tx }: { tx: string }) =>
      called.push(tx, ...changes.map(({ type }) => type))
    const dry = await updateBillingState({ ...options, store, onChange, dryRun: true }, apply)
    expect(dry).toMatchObject({ saved: false, before: { access: 'none' }, after: { access: 'active' } })
    expect([ends, called, state()]).toEqual([['rollback'], [], undefined])
    const real = await updateBillingState({ ...options, store, onChange }, apply)
    expect(real).toEqual({ ...dry, saved: true })
    expect([ends, called]).toEqual([
      ['rollback', 'commit'],
      ['tx', 'access_granted'],
    ])
  })

  it('passes on what the change throws in a dry run', async () => {
    const failure = new Error('not a state')
    const change = () => {
      throw failure
    }
    await expect(updateBillingState({ ...options, store: createStore().store, dryRun: true }, change)).rejects.toBe(
      failure,
    )
  })

  it('refuses an unknown option', async () => {
    const { store } = createStore()
    const misspelled = { ...options, store, dryrun: true }
    await expect(updateBillingState(misspelled, apply)).rejects.toThrow(/did you mean/)
  })
})

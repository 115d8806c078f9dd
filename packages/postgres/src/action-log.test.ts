import { PGlite } from '@electric-sql/pglite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createActionLog, ensureSchema, readChangeMark } from './index.js'

let pglite: PGlite
beforeAll(async () => {
  pglite = await PGlite.create()
})
afterAll(() => pglite.close())

describe('createActionLog', () => {
  it('logs each id once, with its result, the newest first', async () => {
    const log = createActionLog({ pool: pglite, table: 'support.actions' })
    expect(await log.list()).toEqual({ actions: [], next: undefined })
    await Promise.all([log.ensureSchema(), log.ensureSchema()])
    const action = { actor: 'ada', action: 'redeliver', subject: 'event_1' }
    for (const id of ['a', 'b', 'c']) expect(await log.begin({ ...action, id })).toBe(true)
    expect(await log.begin({ ...action, id: 'b', actor: 'eve' })).toBe(false)
    await log.end('b', { outcome: 'processed', detail: 'nul \0 and \ud800' })
    expect(await log.read('b')).toMatchObject({ ...action, outcome: 'processed', detail: 'nul \ufffd and \ufffd' })
    expect(await log.read('d\0')).toBeUndefined()

    const first = await log.list({ limit: 2 })
    const second = await log.list({ limit: 2, after: first.next })
    expect([...first.actions, ...second.actions].map(({ id }) => id)).toEqual(['c', 'b', 'a'])
    expect(second.next).toBeUndefined()
    expect((await log.list({ subject: 'event_2' })).actions).toEqual([])
  })

  it('keeps one secret, which no list shows', async () => {
    const log = createActionLog({ pool: pglite })
    await log.ensureSchema()
    expect(await log.secret('one')).toBe('one')
    expect(await createActionLog({ pool: pglite }).secret('other')).toBe('one')
    expect(await log.read('secret')).toBeUndefined()
    expect((await log.list()).actions).toEqual([])
  })
})

describe('readChangeMark', () => {
  it('changes with a commit, and not by itself', async () => {
    const before = await readChangeMark(pglite)
    expect(await readChangeMark(pglite)).toBe(before)
    await ensureSchema(pglite)
    expect(await readChangeMark(pglite)).not.toBe(before)
  })
})

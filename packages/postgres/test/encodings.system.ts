import { isInstalled } from '@kinde-billing/test-support/installed'
import { type PostgresServer, startPostgres } from '@kinde-billing/test-support/postgres-server'
import { newDelivery, nothing } from '@kinde-billing/testing/inbox-contract/attempts'
import { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPostgresInbox, ensureSchema, readDelivery, requestRedelivery } from '../src/index.js'

describe.runIf(isInstalled('postgres'))('hostile text in a database of another encoding and older quoting', () => {
  let server: PostgresServer
  let admin: Pool
  beforeAll(async () => {
    server = await startPostgres()
    admin = new Pool({ connectionString: server.url })
  })
  afterAll(async () => {
    await admin.end()
    await server.close()
  })

  it.each(['LATIN1', 'SQL_ASCII', 'EUC_JP'])('is kept as it is in %s', async (encoding) => {
    const database = encoding.toLowerCase()
    await admin.query(
      `create database ${database} encoding '${encoding}' lc_collate 'C' lc_ctype 'C' template template0`,
    )
    await admin.query(`alter database ${database} set standard_conforming_strings = off`)
    const pool = new Pool({ connectionString: Object.assign(new URL(server.url), { pathname: `/${database}` }).href })
    await ensureSchema(pool)
    const inbox = createPostgresInbox({ pool })
    const claims = { text: `it's \\ '' 🦊 é \u0000 \\u0041 \ud800`, data: {} }
    const delivery = newDelivery({ customer: `c'\\`, claims })
    const failing = () => inbox.once(delivery, () => Promise.reject(new Error(`no plan 'é' \\`)))
    await expect(failing()).rejects.toThrow('no plan')
    await expect(failing()).rejects.toThrow('no plan')
    const stored = await readDelivery(pool, delivery.eventId)
    expect(stored).toMatchObject({ failures: 2, customer: `c'\\` })
    expect(stored?.claims).toEqual(claims)
    expect(await requestRedelivery(pool, { eventIds: [delivery.eventId] }, { reason: `it's \\` })).toBe(1)
    expect(await inbox.once({ ...delivery, redelivery: true }, nothing)).toBe('processed')
    await pool.end()
  })
})

import { isInstalled } from '@kinde-billing/test-support/installed'
import { startPostgres } from '@kinde-billing/test-support/postgres-server'
import { describeTwoProcesses, type SharedStore } from '@kinde-billing/test-support/two-processes'
import { Pool } from 'pg'
import { describe, expect } from 'vitest'
import { ensureSchema } from '../src/index.js'

async function openPostgres(): Promise<SharedStore> {
  const server = await startPostgres()
  const pool = new Pool({ connectionString: server.url })
  await ensureSchema(pool)
  await pool.query('create table effects (event_id text)')
  return {
    url: server.url,
    async effects() {
      const { rows } = await pool.query<{ event_id: string; count: number }>(
        'select event_id, count(*)::int as count from effects group by event_id',
      )
      return new Map(rows.map(({ event_id, count }) => [event_id, count]))
    },
    async close() {
      await pool.end()
      await server.close()
    },
  }
}

describe.runIf(isInstalled('postgres'))('on a real server', () => {
  describeTwoProcesses(
    'two processes on one Postgres',
    new URL('./receiver-process.ts', import.meta.url),
    openPostgres,
    (effects) => {
      expect(new Set(effects.values()), 'each effect exactly once').toEqual(new Set([1]))
    },
  )
})

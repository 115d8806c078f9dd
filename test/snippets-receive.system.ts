import { execFileSync } from 'node:child_process'
import { isInstalled } from '@kinde-billing/test-support/installed'
import { type PostgresServer, startPostgres } from '@kinde-billing/test-support/postgres-server'
import { type RedisServer, startRedis } from '@kinde-billing/test-support/redis-server'
import { findReceivingSnippets, itReceives } from '@kinde-billing/test-support/snippets/deliveries'
import { afterAll, beforeAll, describe, vi } from 'vitest'
import { schemaSql, stateSchemaSql } from '../packages/postgres/src/index.js'

/** The tables of the applications that the snippets are parts of. */
const TABLES = `
  create table accounts (kinde_id text, plan text, plan_at timestamptz default '-infinity');
  create table customers (id text, kinde_id text, plan text, plan_at timestamptz default '-infinity');
  create table outbox (customer text, change text, job text);
  create table reviews (customer text, due_at timestamptz);
`

describe.runIf(isInstalled('postgres') && isInstalled('redis-server'))('with real stores, every snippet', () => {
  let postgres: PostgresServer
  let redis: RedisServer
  beforeAll(async () => {
    postgres = await startPostgres()
    redis = await startRedis(['--maxmemory-policy', 'noeviction'])
    const { url, port } = postgres
    const variables = {
      DATABASE_URL: url,
      PGHOST: '127.0.0.1',
      PGPORT: `${port}`,
      PGUSER: 'postgres',
      REDIS_URL: redis.url,
    }
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value)
    execFileSync('psql', [url, '-qc', TABLES + schemaSql() + stateSchemaSql()])
  })
  // a snippet closes none of its pools and queues: their connections break here, which must not end the process
  afterAll(async () => {
    await postgres.close()
    await redis.close()
  })

  itReceives(findReceivingSnippets({ withStore: true }))
})

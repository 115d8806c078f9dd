import { neon } from '@neondatabase/serverless'
import { drizzle } from 'drizzle-orm/node-postgres'
import createKnex from 'knex'
import { Kysely, PostgresDialect } from 'kysely'
import { Client, Pool } from 'pg'
import postgres from 'postgres'
import { DataSource } from 'typeorm'
import { describe, expect, it } from 'vitest'
import { createPostgresInbox } from './index.js'

const pool = new Pool()

describe('a pool that is none', () => {
  it.each([
    ['postgres.js', postgres(), 'a client of "postgres" (Postgres.js)'],
    ['neon()', neon('postgres://user:password@localhost/database'), 'the HTTP client of Neon'],
    ['drizzle(pool)', drizzle(pool), 'a Drizzle database'],
    ['a Kysely', new Kysely({ dialect: new PostgresDialect({ pool }) }), 'a Kysely'],
    ['a Knex', createKnex({ client: 'pg' }), 'a Knex'],
    ['a DataSource of TypeORM', new DataSource({ type: 'postgres' }), 'a DataSource of TypeORM'],
    ['a PrismaClient', { $transaction() {}, $connect() {} }, 'a PrismaClient'],
    ['a Client', new Client(), 'a Client, which is one connection'],
    ['an empty object', {}, 'has neither connect() nor transaction()'],
    ['undefined', undefined, 'has neither connect() nor transaction()'],
  ])('is named, with the fix: %s', (_, value, name) => {
    // @ts-expect-error: not a pool
    const create = () => createPostgresInbox({ pool: value })
    expect(create).toThrow(/^pool: .*Pass (?:a|the) Pool/)
    expect(create).toThrowError(
      expect.objectContaining({
        code: 'invalid_configuration',
        message: expect.stringContaining(name),
      }),
    )
  })
})

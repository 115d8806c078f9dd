import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { PGlite } from '@electric-sql/pglite'
import type { DeliveryInbox } from '@kinde-billing/core/receiver'
import {
  createPostgresInbox,
  createPostgresStateStore,
  ensureSchema,
  ensureStateSchema,
  type PostgresStateStore,
} from '@kinde-billing/postgres'
import { Client, Pool } from 'pg'
import { CHANNEL, SCHEMA } from './schema.js'

/** What statements run on: the database, or the transaction of a delivery. */
export interface Sql {
  query(text: string, values?: unknown[]): Promise<{ rows: Record<string, unknown>[] }>
}

/** Postgres, on a server or inside this process. */
export interface Database extends Sql {
  readonly inbox: DeliveryInbox<Sql>
  /** Several statements in one text; answers with the rows of the last. */
  script(text: string): Promise<{ rows: unknown[] }>
  /** Calls back after every commit that changed what the page shows, whichever process made it. */
  onChange(listener: () => void): Promise<void>
  close(): Promise<void>
}

/** What the customers have. */
export const states: PostgresStateStore = createPostgresStateStore()

/** A server, where there is a URL; otherwise PGlite, with its data in the folder (without one: in memory). */
export async function openDatabase({ url, folder }: { url?: string | undefined; folder?: string | undefined }) {
  const database = url ? await openServer(url) : await openEmbedded(folder)
  await database.script(SCHEMA)
  return database
}

async function openServer(connectionString: string): Promise<Database> {
  const pool = new Pool({ connectionString, connectionTimeoutMillis: 5000 })
  pool.on('error', complain)
  await ensureSchema(pool)
  await ensureStateSchema(pool)
  let listening: Client | undefined
  let isClosed = false

  async function listen(listener: () => void): Promise<void> {
    const client = new Client({ connectionString })
    client.on('notification', listener)
    client.on('error', complain)
    client.on('end', () => !isClosed && setTimeout(() => listen(listener).catch(complain), 1000))
    listening = client
    await client.connect()
    await client.query(`listen ${CHANNEL}`)
    listener()
  }
  return {
    inbox: createPostgresInbox({ pool }),
    query: (text, values) => pool.query(text, values),
    script: async (text) => lastOf([await pool.query(text)].flat()),
    onChange: listen,
    async close() {
      isClosed = true
      await listening?.end()
      await pool.end()
    },
  }
}

async function openEmbedded(folder: string | undefined): Promise<Database> {
  const unlock = folder === undefined ? () => {} : lock(folder)
  const postgres = await PGlite.create(folder)
  await ensureSchema(postgres)
  await ensureStateSchema(postgres)
  return {
    inbox: createPostgresInbox({ pool: postgres }),
    query: (text, values) => postgres.query<Record<string, unknown>>(text, values),
    script: async (text) => lastOf(await postgres.exec(text)),
    async onChange(listener) {
      await postgres.listen(CHANNEL, listener)
    },
    async close() {
      await postgres.close()
      unlock()
    },
  }
}

/** A connection that breaks is replaced, and tells no more than its reason. */
function complain({ message }: Error): void {
  console.error(`Postgres: ${message}`)
}

function lastOf(results: { rows: unknown[] }[]): { rows: unknown[] } {
  return results.at(-1) ?? { rows: [] }
}

/** Two processes on one folder would destroy each other's data, and PGlite itself does not mind. */
function lock(folder: string): () => void {
  const file = `${folder}.pid`
  mkdirSync(folder, { recursive: true })
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
  } catch {
    const owner = Number(readFileSync(file, 'utf8'))
    if (owner !== process.pid && isAlive(owner))
      throw new Error(`${folder} is in use by process ${owner}. Stop it, or set DATA_FOLDER to another folder.`)
    writeFileSync(file, String(process.pid))
  }
  return () => rmSync(file, { force: true })
}

function isAlive(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0)
  } catch {
    return false
  }
}

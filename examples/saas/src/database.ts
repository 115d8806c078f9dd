import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { PGlite } from '@electric-sql/pglite'
import { type AnyPostgresPool, ensureSchema, ensureStateSchema } from '@kinde-billing/postgres'
import { Pool } from 'pg'

export interface Database {
  readonly pool: AnyPostgresPool
  close(): Promise<void>
}

/** Opens a server, if there is a URL, or else a Postgres inside this process (PGlite), in the folder or in memory. */
export async function openDatabase({ url, folder }: { url?: string | undefined; folder?: string | undefined }) {
  const database = url ? openServer(url) : await openEmbedded(folder)
  await ensureSchema(database.pool)
  await ensureStateSchema(database.pool)
  return database
}

function openServer(connectionString: string): Database {
  const pool = new Pool({ connectionString, connectionTimeoutMillis: 5000 })
  pool.on('error', ({ message }) => console.error(`Postgres: ${message}`))
  return { pool, close: () => pool.end() }
}

async function openEmbedded(folder: string | undefined): Promise<Database> {
  const unlock = folder === undefined ? () => {} : lock(folder)
  const pool = await PGlite.create(folder)
  return {
    pool,
    async close() {
      await pool.close()
      unlock()
    },
  }
}

/** Two processes on one folder would destroy each other's data, and PGlite does not prevent it. */
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

import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A webhook to remove. */
export interface Leftover {
  readonly domain: string
  readonly endpoint: string
  /** Kinde's id, once it is known. */
  readonly id?: string | undefined
  readonly pid: number
  /** Start of the process, since another one may have its id later. */
  readonly startedAt?: string | undefined
}

/** Reads the records. A missing or damaged file has none. */
export async function readRecords(file: string): Promise<Leftover[]> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'))
    return Array.isArray(value) ? value.filter(isLeftover) : []
  } catch {
    return []
  }
}

function isLeftover(value: unknown): value is Leftover {
  return typeof value === 'object' && value !== null && 'domain' in value && 'endpoint' in value && 'pid' in value
}

/** Changes the records. Two runs at once do not lose each other's. */
export async function changeRecords(file: string, update: (records: Leftover[]) => Leftover[]): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const unlock = await lock(file)
  try {
    const draft = `${file}.${process.pid}`
    await writeFile(draft, JSON.stringify(update(await readRecords(file))), { mode: 0o600 })
    await rename(draft, file)
  } finally {
    await unlock()
  }
}

const LOCK_TRIES = 100
const LOCK_PAUSE_MS = 20

/** A lock that is still there after two seconds was left by a process that was killed: a change takes milliseconds. */
async function lock(file: string): Promise<() => Promise<void>> {
  const folder = `${file}.lock`
  for (let tries = 0; tries < LOCK_TRIES; tries++) {
    const isMine = await mkdir(folder).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error
        return false
      },
    )
    if (isMine) break
    await sleep(LOCK_PAUSE_MS)
  }
  return () => rm(folder, { recursive: true, force: true })
}

import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { defaultKeyFile } from '../issuer/development-key.js'
import type { RecordedDelivery } from './delivery.js'

/** Deliveries of this and earlier runs, kept in a file. */
export interface History {
  readonly entries: readonly RecordedDelivery[]
  add(delivery: RecordedDelivery): Promise<void>
}

/** Older deliveries are dropped: each one that arrives writes the whole file. */
const MAX_ENTRIES = 200
const MAX_BODY_CHARS = 8 * 1024 * 1024

/** Default path of the history: the user's state folder. */
export function defaultHistoryFile(env: { readonly [name: string]: string | undefined }): string {
  return join(dirname(defaultKeyFile(env)), 'listen-history.json')
}

/**
 * Opens a history. The file is readable by its owner only, since deliveries contain personal data.
 *
 * @param file `undefined` to keep the history in memory.
 */
export async function openHistory(file: string | undefined): Promise<History> {
  const entries = file === undefined ? [] : await readEntries(file)
  let written = Promise.resolve()
  return {
    entries,
    add(delivery) {
      entries.push(delivery)
      entries.splice(0, countExcess(entries))
      // one write after the other: each replaces the whole file
      if (file !== undefined) written = written.then(() => writeEntries(file, entries))
      return written
    },
  }
}

async function readEntries(file: string): Promise<RecordedDelivery[]> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'))
    const entries = Array.isArray(value) ? value.filter(isRecorded) : []
    return entries.slice(countExcess(entries))
  } catch {
    // a missing or damaged history is an empty one
    return []
  }
}

/** How many of the oldest are too many, by number or by size. The newest one always stays. */
function countExcess(entries: readonly RecordedDelivery[]): number {
  let kept = 0
  let chars = 0
  for (const { request } of entries.toReversed()) {
    chars += request.body.length
    if (kept === MAX_ENTRIES || (kept > 0 && chars > MAX_BODY_CHARS)) break
    kept += 1
  }
  return entries.length - kept
}

/** Checks for what the screen and a resend need. */
function isRecorded(value: unknown): value is RecordedDelivery {
  if (typeof value !== 'object' || value === null || !('request' in value)) return false
  const { request } = value
  const hasBody =
    typeof request === 'object' && request !== null && 'body' in request && typeof request.body === 'string'
  return (
    hasBody &&
    'id' in value &&
    Number.isInteger(value.id) &&
    'receivedAt' in value &&
    typeof value.receivedAt === 'string'
  )
}

/** Writes a new file and renames it, so that a crash leaves the old one. */
async function writeEntries(file: string, entries: readonly RecordedDelivery[]): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const draft = `${file}.${process.pid}`
  await writeFile(draft, JSON.stringify(entries), { mode: 0o600 })
  await rename(draft, file)
}

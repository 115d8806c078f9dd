import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { defaultKeyFile } from '../issuer/development-key.js'
import type { RecordedDelivery } from './delivery.js'

/** Deliveries of this and earlier runs, kept in a file. */
export interface History {
  readonly entries: readonly RecordedDelivery[]
  add(delivery: RecordedDelivery): Promise<void>
}

/** Older deliveries are dropped. */
const MAX_ENTRIES = 200

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
      if (entries.length > MAX_ENTRIES) entries.shift()
      // one write after the other: each replaces the whole file
      if (file !== undefined) written = written.then(() => writeEntries(file, entries))
      return written
    },
  }
}

async function readEntries(file: string): Promise<RecordedDelivery[]> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'))
    return Array.isArray(value) ? value.filter(isRecorded) : []
  } catch {
    // a missing or damaged history is an empty one
    return []
  }
}

function isRecorded(value: unknown): value is RecordedDelivery {
  if (typeof value !== 'object' || value === null || !('id' in value) || !('request' in value)) return false
  const { id, request } = value
  return Number.isInteger(id) && typeof request === 'object' && request !== null && 'body' in request
}

/** Writes a new file and renames it, so that a crash leaves the old one. */
async function writeEntries(file: string, entries: readonly RecordedDelivery[]): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const draft = `${file}.${process.pid}`
  await writeFile(draft, JSON.stringify(entries), { mode: 0o600 })
  await rename(draft, file)
}

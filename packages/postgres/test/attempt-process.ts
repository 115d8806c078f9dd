/** One attempt in a process of its own, which stops where the test wants to kill it, and says how far it has come. */
import type { InboxDelivery } from '@kinde-billing/core/receiver'
import { Pool } from 'pg'
import { createPostgresInbox } from '../src/index.js'
import { hookedPool } from './hooked-pool.js'

export interface AttemptSettings {
  url: string
  delivery: Omit<InboxDelivery, 'occurredAt' | 'answered'>
  /** The message before which it stops for ever, or `handler`: after the handler's write. */
  stopAt: string
}

const { url, delivery, stopAt }: AttemptSettings = JSON.parse(process.argv[2] ?? '')
const say = (line: string): void => void process.stdout.write(`${line}\n`)

async function stopFor(place: string): Promise<void> {
  if (place !== stopAt) return
  say('stopped')
  // The test continues a process that it had frozen by asking for it.
  await new Promise((resolve) => process.once('SIGUSR2', resolve))
}

const pool = new Pool({ connectionString: url }).on('error', () => {})
const inbox = createPostgresInbox({ pool: hookedPool(pool, stopFor) })
const outcome = await inbox
  .once({ ...delivery, occurredAt: new Date(), answered: new AbortController().signal }, async (tx, signal) => {
    await tx.query('insert into effects values ($1)', [delivery.eventId])
    signal.addEventListener('abort', () => say('aborted'))
    await stopFor('handler')
  })
  .catch((error: unknown) => `rejected ${error}`)
say(`outcome ${outcome}`)
await pool.end()

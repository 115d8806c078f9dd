import { KindeWebhookError } from '@kinde-billing/core'
import { type DeliveryInbox, DiscardEvent } from '@kinde-billing/core/receiver'
import { type RedisClient, scriptRunner } from './client.js'
import { startLease } from './lease.js'
import { CLAIM, CLAIMED, DONE, HOLDS, MARK, RELEASE } from './scripts.js'

/** The options of {@link createRedisInbox}. */
export interface RedisInboxOptions {
  /** A connected client of `redis` 5 or 6, or of `ioredis` 5 or 6. The application opens and closes it. */
  client: RedisClient
  /** What every key begins with, at most 128 characters. Default: `kinde-billing:`. */
  prefix?: string | undefined
}

/**
 * A delivery inbox on Redis: handlers on any number of machines run each billing event once.
 *
 * Claim, mark and release are one script each, on one key each (Redis Cluster may place them anywhere). A repeat is
 * possible where a process dies between the end of a handler and the mark, where a handler outlives its lease, and where
 * Redis loses keys: by eviction (use `maxmemory-policy noeviction`), by a failover before replication, or by a
 * restart without persistence. Where a repeat must be impossible, use `@kinde-billing/postgres`.
 *
 * `once` rejects with what the client rejects with where Redis cannot be reached, and with an `Error` where the claim was
 * lost before the mark. Throws a `KindeWebhookError` of code `invalid_configuration` for options that cannot work.
 *
 * @example
 * ```ts
 * import { createBillingReceiver } from '@kinde-billing/core/receiver'
 * import { createRedisInbox } from '@kinde-billing/redis'
 * import { createClient } from 'redis'
 *
 * const client = createClient({ url: 'redis://127.0.0.1:6379' })
 * client.on('error', (error) => console.error('redis', error))
 * await client.connect()
 *
 * const receiver = createBillingReceiver({
 *   issuer: 'https://acme.kinde.com',
 *   name: 'billing',
 *   inbox: createRedisInbox({ client }),
 *   on: { 'customer.payment_failed': async (event) => console.log('dunning for', event.customer.id) },
 * })
 * ```
 */
export function createRedisInbox(options: RedisInboxOptions): DeliveryInbox {
  const run = scriptRunner(options?.client)
  const prefix = judgePrefix(options.prefix)

  return {
    async once(delivery, work) {
      const key = prefix + delivery.key
      const token = crypto.randomUUID()
      const leaseMs = Math.ceil(delivery.leaseMs)
      const retentionMs = Math.ceil(delivery.retentionMs)
      const lease = startLease(leaseMs)
      try {
        const answer = await run(CLAIM, key, token, leaseMs, Math.max(leaseMs, retentionMs))
        if (answer !== CLAIMED) return answer === DONE ? 'duplicate' : 'in_progress'

        lease.watch(async () => (await run(HOLDS, key, token)) === 1)
        const workInTime = async (): Promise<void> => {
          // A claim that was answered too late is none.
          lease.signal.throwIfAborted()
          await work(undefined, lease.signal)
        }
        await runWork(
          () => workInTime().finally(lease.end),
          () => run(RELEASE, key, token),
        )
        if ((await run(MARK, key, token, retentionMs)) === 1) return 'processed'

        const lost = new Error('The claim was lost before the mark: the handler has run, and may run again')
        lease.lose(lost)
        throw lost
      } finally {
        lease.end()
      }
    },
  }
}

/** Resolves where the delivery is to be marked: the work has succeeded, or can never succeed with this event. */
async function runWork(work: () => Promise<void>, release: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (error instanceof DiscardEvent) return
    // What the handler threw is what matters; a claim that cannot be released runs out.
    await release().catch(() => undefined)
    throw error
  }
}

function judgePrefix(prefix: unknown = 'kinde-billing:'): string {
  if (typeof prefix === 'string' && prefix.length <= 128) return prefix
  throw new KindeWebhookError(
    'invalid_configuration',
    "prefix: must be a string of at most 128 characters, such as 'kinde-billing:'.",
  )
}

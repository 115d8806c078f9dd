import { assertKnownOptions, invalidConfiguration } from '@kinde-billing/core/internal'
import { type DeliveryInbox, DiscardEvent, type InboxDelivery } from '@kinde-billing/core/receiver'
import { createScriptRunner, type RedisClient, type ScriptRunner } from './client.js'
import { type Lease, startLease } from './lease.js'
import { retry } from './retry.js'
import { CLAIM, CLAIMED, DONE, HOLDS, MARK, RELEASE } from './scripts.js'

/** The options of {@link createRedisInbox}. */
export interface RedisInboxOptions {
  /**
   * A connected client of `redis` 5 or 6, of `ioredis` 5 or 6, or of `@upstash/redis`. The application opens and closes it.
   */
  client: RedisClient
  /** The beginning of every key, at most 128 characters. Default: `kinde-billing:`. */
  prefix?: string | undefined
}

/**
 * Creates an inbox on Redis: handlers on any number of machines run each billing event once.
 *
 * Claim, mark and release are one script each, on one key each (Redis Cluster may place them anywhere). The mark is
 * retried until the lease ends. A repeat is possible if a process dies between the end of a handler and the mark, if a
 * handler outlives its lease, and if Redis loses keys: by eviction (use `maxmemory-policy noeviction`), by a failover before
 * replication, or by a restart without persistence. If a repeat must be impossible, use `@kinde-billing/postgres`.
 *
 * `once` rejects with the client's error if Redis cannot be reached, and with an `Error` if the claim was lost before the
 * mark.
 *
 * @param options - `client`, and optionally `prefix`.
 * @returns An inbox for `createBillingReceiver` and for the adapters.
 * @throws KindeWebhookError `invalid_configuration` for an unknown option or a value that cannot work.
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
  // A misspelled client is told by its name rather than by what it lacks.
  assertKnownOptions('createRedisInbox', options ?? {}, ['client', 'prefix'])
  const scripts = createScriptRunner(options?.client)
  const prefix = parsePrefix(options.prefix)

  return {
    async once(delivery, work) {
      const leaseMs = Math.ceil(delivery.leaseMs)
      const retentionMs = Math.ceil(delivery.retentionMs)
      const lease = startLease(leaseMs)
      const claim = createClaim(scripts, prefix + delivery.key, lease)
      try {
        const answer = await claim.acquire(leaseMs, Math.max(leaseMs, retentionMs))
        if (answer !== CLAIMED) return answer === DONE ? 'duplicate' : 'in_progress'

        lease.watch(claim.holds)
        try {
          assertInTime(delivery, lease)
          await work(undefined, lease.signal).finally(lease.end)
        } catch (error) {
          if (!(error instanceof DiscardEvent)) {
            await claim.release()
            throw error
          }
        }
        await claim.mark(retentionMs)
        return 'processed'
      } finally {
        lease.end()
      }
    },
  }
}

/** A claim that was granted too late does not count. */
function assertInTime({ answered }: InboxDelivery, { signal }: Lease): void {
  signal.throwIfAborted()
  if (answered.aborted) throw new Error('The claim was granted after the response was decided: the work does not run.')
}

/** The steps of one attempt in the store. */
interface Claim {
  acquire(leaseMs: number, lifetimeMs: number): Promise<number>
  holds(this: void): Promise<boolean>
  mark(retentionMs: number): Promise<void>
  release(): Promise<void>
}

function createClaim({ run, isClosed }: ScriptRunner, key: string, lease: Lease): Claim {
  const token = crypto.randomUUID()
  const retryMs = (): number => (isClosed() ? 0 : lease.remainingMs())
  return {
    // One retry at most: the response waits for the claim.
    acquire: (leaseMs, lifetimeMs) =>
      retry(
        () => run(CLAIM, key, token, leaseMs, lifetimeMs),
        () => 0,
      ),
    holds: async () => (await run(HOLDS, key, token)) === 1,
    async mark(retentionMs) {
      // Without its mark, finished work runs again: worth every attempt until the claim ends.
      if ((await retry(() => run(MARK, key, token, retentionMs), retryMs)) === 1) return
      const lost = new Error('The claim was lost before the mark: the handler has run, and may run again')
      lease.lose(lost)
      throw lost
    },
    async release() {
      const once = (): Promise<number> => run(RELEASE, key, token)
      // The first try is awaited, so that the next attempt finds no claim. Retries go on in the background, because the error
      // of the work is what matters; a claim that cannot be released runs out.
      await once().catch(() => void retry(once, retryMs).catch(() => undefined))
    },
  }
}

function parsePrefix(prefix: unknown = 'kinde-billing:'): string {
  if (typeof prefix === 'string' && prefix.length <= 128) return prefix
  throw invalidConfiguration('prefix', prefix, "pass a string of at most 128 characters, such as 'kinde-billing:'")
}

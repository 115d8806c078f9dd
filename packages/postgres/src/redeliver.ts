import { assertFunction, assertKnownOptions, assertMethods, invalidConfiguration } from '@kinde-billing/core/internal'
import type { DeliveryOutcome } from '@kinde-billing/core/receiver'
import { withSession } from './database.js'
import type { AnyPostgresPool } from './pool.js'
import { createPace } from './redelivery-pace.js'
import { type DueDelivery, redeliveryQueue } from './redelivery-queue.js'
import { type TableOptions, tableName } from './table-name.js'

/** The receiver whose handlers {@link redeliver} runs: that of `createBillingReceiver`. */
export interface RedeliveryReceiver<Context> {
  /** The endpoint's name: only its deliveries are run. */
  readonly name: string
  /** Runs the handlers with stored claims. */
  redeliver(
    claims: Record<string, unknown>,
    options: { context: Context; reason?: string | undefined; issuer?: string | undefined },
  ): Promise<Pick<DeliveryOutcome, 'outcome'>>
}

/** The options of {@link redeliver}. */
export interface RedeliverOptions<Context = unknown> extends TableOptions {
  /** How many deliveries to run at most. Default: 1000. */
  limit?: number | undefined
  /** How many at the same time, 1 to 100. Keep it below the pool's `max`. Default: 4. */
  concurrency?: number | undefined
  /** How many to start in a second at most. Default: 20. */
  perSecond?: number | undefined
  /** Stops before the next delivery; those that are running end first. */
  signal?: AbortSignal | undefined
  /** Called after each delivery. */
  onProgress?: ((progress: RedeliveryProgress) => void) | undefined
  /** Makes the `delivery.context` that handlers see. Default: `undefined`. */
  context?: ((delivery: { readonly issuer: string; readonly eventId: string }) => Context) | undefined
}

const OPTIONS = ['table', 'limit', 'concurrency', 'perSecond', 'signal', 'onProgress', 'context']

/** One delivery that {@link redeliver} has run. */
export interface RedeliveryProgress {
  /** Kinde's `event_id`. */
  readonly eventId: string
  /** The outcome, or the error's code. */
  readonly outcome: DeliveryOutcome['outcome']
  /** How many have been run so far. */
  readonly count: number
}

/** How many deliveries ended with each outcome. */
export type RedeliveryCounts = { [Outcome in DeliveryOutcome['outcome']]?: number }

/**
 * Runs the deliveries that {@link requestRedelivery} has marked, oldest first, with the receiver's own handlers. Call it from
 * a cron job or an interval, in any number of processes.
 *
 * Each delivery goes through the receiver's inbox, so it takes effect once, whatever Kinde sends at the same moment. Of one
 * customer, a later event waits until the earlier one is done, discarded or dead. An event that fails is tried again after
 * 5 s, 30 s, 2 min, 10 min, 1 h, 4 h and then every 12 h, for 30 days; after that it is dead: listed as failed until you
 * decide.
 *
 * @param pool - the pool of the receiver's inbox
 * @param receiver - the receiver; only deliveries of its `name` are run
 * @param options - limits, and the handlers' context
 * @returns how many deliveries ended with each outcome
 * @throws KindeWebhookError `invalid_configuration`
 *
 * @example
 * ```ts
 * import { createBillingReceiver } from '@kinde-billing/core/receiver'
 * import { createPostgresInbox, redeliver } from '@kinde-billing/postgres'
 * import { Pool } from 'pg'
 *
 * const pool = new Pool({ connectionString: process.env.DATABASE_URL, connectionTimeoutMillis: 5000 })
 * pool.on('error', ({ message }) => console.error(`Postgres: ${message}`))
 * const receiver = createBillingReceiver({
 *   issuer: 'https://acme.kinde.com',
 *   name: 'billing',
 *   inbox: createPostgresInbox({ pool }),
 *   on: { 'customer.plan_changed': async (event, { tx }) => void (await tx.query('select 1')) },
 * })
 *
 * console.log(await redeliver(pool, receiver, { limit: 100 }))
 * ```
 */
export async function redeliver<Context>(
  pool: AnyPostgresPool,
  receiver: RedeliveryReceiver<Context>,
  options: RedeliverOptions<Context> = {},
): Promise<RedeliveryCounts> {
  assertKnownOptions('redeliver', options, OPTIONS)
  for (const name of ['onProgress', 'context'] as const) assertFunction(name, options[name])
  if (options.signal !== undefined) assertMethods('signal', options.signal, ['throwIfAborted'], 'pass an AbortSignal')
  assertMethods(
    'receiver',
    receiver,
    ['redeliver'],
    'pass the result of createBillingReceiver(), or what your adapter keeps it as',
  )
  const { limit, concurrency, perSecond } = parseLimits(options)
  const { signal, onProgress, context } = options
  const queue = redeliveryQueue(tableName(options), receiver.name)
  if (context === undefined) await withSession(pool, queue.assertOneIssuer)

  const counts: RedeliveryCounts = {}
  const pace = createPace(perSecond)
  let started = 0
  let ended = 0

  const runNext = async (): Promise<boolean> => {
    if (signal?.aborted || started >= limit) return false
    started += 1
    await pace(signal)
    const due = signal?.aborted ? undefined : await withSession(pool, queue.take)
    if (due === undefined) {
      started -= 1
      return false
    }
    const postpone = () => withSession(pool, (session) => queue.postpone(session, due))
    const outcome = await runOne(receiver, due, context).catch(async (error: unknown) => {
      await postpone()
      throw error
    })
    if (outcome !== 'processed' && outcome !== 'discarded') await postpone()
    counts[outcome] = (counts[outcome] ?? 0) + 1
    ended += 1
    onProgress?.({ eventId: due.eventId, outcome, count: ended })
    return true
  }
  const worker = async (): Promise<void> => {
    while (await runNext());
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  return counts
}

async function runOne<Context>(
  receiver: RedeliveryReceiver<Context>,
  due: DueDelivery,
  createContext: RedeliverOptions<Context>['context'],
): Promise<DeliveryOutcome['outcome']> {
  // Without the option, Context is inferred from the receiver, whose handlers then see undefined.
  const context = createContext?.(due) as Context
  const { outcome } = await receiver.redeliver(due.claims, { context, reason: due.reason, issuer: due.issuer })
  return outcome
}

function parseLimits({
  limit = 1000,
  concurrency = 4,
  perSecond = 20,
}: Pick<RedeliverOptions, 'limit' | 'concurrency' | 'perSecond'>) {
  const settings = { limit, concurrency, perSecond }
  for (const [name, value] of Object.entries({ limit, concurrency })) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw invalidConfiguration(name, value, 'pass a whole number above 0')
  }
  if (concurrency > 100) throw invalidConfiguration('concurrency', concurrency, 'pass at most 100')
  if (!(typeof perSecond === 'number' && perSecond > 0))
    throw invalidConfiguration('perSecond', perSecond, 'pass a number above 0')
  return settings
}

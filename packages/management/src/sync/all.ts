import { assertFunction, assertMethods } from '@kinde-billing/core/internal'
import type { BillingCustomer } from '../customers.js'
import { isKindeManagementError, KindeManagementError } from '../errors.js'
import { asManagementError } from '../options.js'
import {
  applyReading,
  assertSyncOptions,
  type CustomerReading,
  readCustomer,
  type SyncedCustomer,
  type SyncTarget,
} from './customer.js'
import { createProgress, type Progress } from './progress.js'
import { emptyReport, type SyncReport, type SyncResult } from './report.js'

/** Options of {@link syncAll}. */
export interface SyncAllOptions<Tx = unknown, Version = unknown> extends SyncTarget<Tx, Version> {
  /** How many customers are synced at once, from 1 to 10. Default: 2. */
  readonly concurrency?: number | undefined
  /**
   * Called with the report before each state that changes is saved, and after each customer; awaited. Save every report to
   * resume after a crash: the last one knows of every change that was made.
   */
  readonly onProgress?: ((report: SyncReport) => unknown) | undefined
  /** Stops the run. Customers that are in progress are finished. */
  readonly signal?: AbortSignal | undefined
  /** The last report of a run that was stopped. The new one continues it. */
  readonly resumeFrom?: SyncReport | undefined
}

/** Errors of one customer. All others stop the run: the next customer would meet them, too. */
const CUSTOMER_ERRORS: readonly string[] = ['not_found', 'unavailable', 'invalid_response', 'invalid_request']

/**
 * Syncs all billing customers: users and organizations. Everything that holds for `syncCustomer` holds for each of them.
 *
 * A customer that cannot be read stands in the report, and nothing is changed for it; nor for customers that Kinde does not
 * list. A missing scope, refused credentials, a long `RateLimit-Reset`, ten failures in a row, and errors of the store and of
 * `onChange` stop the run.
 *
 * @param options The client, the store and how to run. With `dryRun`, the report says how state and Kinde differ.
 * @returns the report. `complete` is `false` if `signal` has stopped the run: pass it as `resumeFrom`.
 * @throws KindeManagementError The last report that `onProgress` got is then the one to resume from.
 *
 * @example
 * ```ts
 * import { createManagementClient, syncAll } from '@kinde-billing/management'
 * import type { BillingStateStore } from '@kinde-billing/state'
 *
 * export async function reportDrift(store: BillingStateStore): Promise<void> {
 *   const report = await syncAll({ client: createManagementClient(), store, dryRun: true })
 *   for (const { customerId, believed, follows } of report.customers) console.log(customerId, believed?.access, follows?.access)
 * }
 * ```
 */
export async function syncAll<Tx = unknown, Version = unknown>(
  options: SyncAllOptions<Tx, Version>,
): Promise<SyncReport> {
  assertSyncOptions('syncAll', options, ['concurrency', 'onProgress', 'signal', 'resumeFrom'])
  asManagementError(() => {
    assertFunction('onProgress', options.onProgress)
    if (options.signal !== undefined) assertMethods('signal', options.signal, ['throwIfAborted'], 'pass an AbortSignal')
  })
  const concurrency = parseConcurrency(options.concurrency)
  const progress = createProgress(startReport(options), options.onProgress)
  const { client, signal } = options
  const inFlight: Promise<Attempt>[] = []
  try {
    const from = progress.report().position
    for await (const customer of client.customers({ from })) {
      if (signal?.aborted) return await finish(progress, inFlight, false)
      if (progress.isAhead(customer)) continue
      inFlight.push(attempt(options, customer, progress))
      if (inFlight.length >= concurrency) await recordNext(progress, inFlight)
      // a customer that was recorded may have aborted the signal
      if (signal?.aborted) return await finish(progress, inFlight, false)
    }
    return await finish(progress, inFlight, true)
  } catch (error) {
    // what is in progress is finished, so that the report knows of every write
    for (const result of await Promise.all(inFlight)) if (!('fatal' in result)) await progress.recordAhead(result)
    throw error
  }
}

type Attempt = SyncResult | { readonly fatal: unknown }

/** Syncs one customer. Never rejects: several are in progress, and each result is taken in its turn. */
async function attempt<Tx, Version>(
  options: SyncAllOptions<Tx, Version>,
  customer: BillingCustomer,
  progress: Progress,
): Promise<Attempt> {
  try {
    const reading = await readOrError(options, customer)
    if (isKindeManagementError(reading)) return { customer, error: reading }
    return { customer, synced: reading && (await announceAndApply(options, customer, reading, progress)) }
  } catch (error) {
    return { fatal: error }
  }
}

/** Returns an error that is about this customer only. */
async function readOrError<Tx, Version>(
  target: SyncTarget<Tx, Version>,
  customer: BillingCustomer,
): Promise<CustomerReading | KindeManagementError | undefined> {
  try {
    return await readCustomer(target, customer)
  } catch (error) {
    if (isKindeManagementError(error) && CUSTOMER_ERRORS.includes(error.code)) return error
    throw error
  }
}

async function announceAndApply<Tx, Version>(
  options: SyncAllOptions<Tx, Version>,
  customer: BillingCustomer,
  reading: CustomerReading,
  progress: Progress,
): Promise<SyncedCustomer> {
  // without onProgress there is nothing to resume from after a kill
  if (options.dryRun !== true && options.onProgress !== undefined)
    await progress.announce({ customer, synced: await applyReading({ ...options, dryRun: true }, reading) })
  return applyReading(options, reading)
}

async function recordNext(progress: Progress, inFlight: Promise<Attempt>[]): Promise<void> {
  const result = await inFlight.shift()
  if (result === undefined) return
  if ('fatal' in result) throw result.fatal
  await progress.record(result)
}

async function finish(progress: Progress, inFlight: Promise<Attempt>[], complete: boolean): Promise<SyncReport> {
  while (inFlight.length > 0) await recordNext(progress, inFlight)
  return complete ? progress.complete() : progress.report()
}

function startReport({ dryRun = false, resumeFrom }: Pick<SyncAllOptions, 'dryRun' | 'resumeFrom'>): SyncReport {
  if (resumeFrom === undefined) return emptyReport(dryRun)
  if (resumeFrom?.version !== 1 || resumeFrom.complete || resumeFrom.dryRun !== dryRun)
    throw new KindeManagementError(
      'invalid_configuration',
      'resumeFrom must be the report of a run that was stopped, with the same dryRun. Leave it out to start over.',
    )
  return resumeFrom
}

function parseConcurrency(value: number | undefined): number {
  if (value === undefined) return 2
  if (Number.isInteger(value) && value >= 1 && value <= 10) return value
  throw new KindeManagementError('invalid_configuration', 'concurrency must be a whole number from 1 to 10.')
}

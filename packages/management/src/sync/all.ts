import type { BillingCustomer } from '../customers.js'
import { isKindeManagementError, KindeManagementError } from '../errors.js'
import { refuseUnknownOptions } from '../options.js'
import { SYNC_OPTIONS, type SyncTarget, syncIdentity } from './customer.js'
import { emptyReport, type SyncEntry, type SyncReport, type SyncResult, toEntry } from './report.js'

/** Options of {@link syncAll}. */
export interface SyncAllOptions<Tx = unknown, Version = unknown> extends SyncTarget<Tx, Version> {
  /** How many customers are synced at once, from 1 to 10. Default: 2. */
  readonly concurrency?: number | undefined
  /** Called with the report after each customer, and awaited. Save it to resume after a crash. */
  readonly onProgress?: ((report: SyncReport) => unknown) | undefined
  /** Stops the run. Customers that are in progress are finished. */
  readonly signal?: AbortSignal | undefined
  /** The last report of a run that was stopped. The new one continues it. */
  readonly resumeFrom?: SyncReport | undefined
}

const KNOWN = [...SYNC_OPTIONS, 'concurrency', 'onProgress', 'signal', 'resumeFrom']
/** Errors of one customer. All others stop the run: the next customer would meet them, too. */
const CUSTOMER_ERRORS: readonly string[] = ['not_found', 'unavailable', 'invalid_response', 'invalid_request']
/** So many failures in a row are an outage. */
const MAX_FAILURES_IN_A_ROW = 10

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
  refuseUnknownOptions('syncAll', options, KNOWN)
  const concurrency = parseConcurrency(options.concurrency)
  const run = createRun(startReport(options), options.onProgress)
  const { client, signal } = options
  const inFlight: Promise<Attempt>[] = []
  try {
    const from = run.report().position
    for await (const customer of client.customers({ from })) {
      if (signal?.aborted) return await finish(run, inFlight, false)
      if (run.isAhead(customer)) continue
      inFlight.push(attempt(options, customer))
      if (inFlight.length >= concurrency) await recordNext(run, inFlight)
      // a customer that was recorded may have aborted the signal
      if (signal?.aborted) return await finish(run, inFlight, false)
    }
    return await finish(run, inFlight, true)
  } catch (error) {
    // what is in progress is finished, so that the report knows of every write
    for (const result of await Promise.all(inFlight)) if (!('fatal' in result)) await run.recordAhead(result)
    throw error
  }
}

type Attempt = SyncResult | { readonly fatal: unknown }

/** Syncs one customer. Never rejects: several are in progress, and each result is taken in its turn. */
async function attempt<Tx, Version>(target: SyncTarget<Tx, Version>, customer: BillingCustomer): Promise<Attempt> {
  try {
    return { customer, synced: await syncIdentity(target, customer) }
  } catch (error) {
    const isOfCustomer = isKindeManagementError(error) && CUSTOMER_ERRORS.includes(error.code)
    return isOfCustomer ? { customer, error } : { fatal: error }
  }
}

async function recordNext(run: Run, inFlight: Promise<Attempt>[]): Promise<void> {
  const result = await inFlight.shift()
  if (result === undefined) return
  if ('fatal' in result) throw result.fatal
  await run.record(result)
}

async function finish(run: Run, inFlight: Promise<Attempt>[], complete: boolean): Promise<SyncReport> {
  while (inFlight.length > 0) await recordNext(run, inFlight)
  return complete ? run.complete() : run.report()
}

/** The report as it grows. */
interface Run {
  report(): SyncReport
  /** Adds the result of the next customer, and moves the position behind it. */
  record(result: SyncResult): Promise<void>
  /** Adds the result of a later customer. */
  recordAhead(result: SyncResult): Promise<void>
  /** `true` for a customer that an earlier run has recorded ahead. */
  isAhead(customer: BillingCustomer): boolean
  complete(): Promise<SyncReport>
}

function createRun(start: SyncReport, onProgress: SyncAllOptions['onProgress']): Run {
  let report = start
  // one array for the whole run: copies of it would cost the square of its length
  const customers: SyncEntry[] = [...start.customers]
  let failuresInARow = 0

  async function add(result: SyncResult, place: Pick<SyncReport, 'position' | 'ahead'>): Promise<void> {
    const entry = toEntry(result)
    if (entry !== undefined) customers.push(entry)
    const count = (status: SyncEntry['status']): number => (entry?.status === status ? 1 : 0)
    failuresInARow = entry?.status === 'failed' ? failuresInARow + 1 : 0
    report = {
      ...report,
      ...place,
      checked: report.checked + 1,
      drifted: report.drifted + count('drifted'),
      gone: report.gone + count('gone'),
      failed: report.failed + count('failed'),
      customers,
    }
    await onProgress?.(report)
  }

  return {
    report: () => report,
    async record(result) {
      await add(result, { position: result.customer.position, ahead: report.ahead })
      if (failuresInARow >= MAX_FAILURES_IN_A_ROW && 'error' in result) throw result.error
    },
    async recordAhead(result) {
      await add(result, { position: report.position, ahead: [...report.ahead, result.customer.position] })
    },
    isAhead: ({ position }) => report.ahead.includes(position),
    async complete() {
      report = { ...report, complete: true, ahead: [] }
      await onProgress?.(report)
      return report
    },
  }
}

function startReport({ dryRun = false, resumeFrom }: Pick<SyncAllOptions, 'dryRun' | 'resumeFrom'>): SyncReport {
  if (resumeFrom === undefined) return emptyReport(dryRun)
  if (resumeFrom.version !== 1 || resumeFrom.complete || resumeFrom.dryRun !== dryRun)
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

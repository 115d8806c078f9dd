import type { BillingCustomer } from '../customers.js'
import { type SyncEntry, type SyncReport, type SyncResult, toEntry } from './report.js'

/** So many failures in a row are an outage. */
const MAX_FAILURES_IN_A_ROW = 10

/** The report as it grows. */
export interface Progress {
  report(): SyncReport
  /** Tells what is about to be saved for a customer, so that a run that is killed after the save still reports it. */
  announce(result: SyncResult): Promise<void>
  /** Adds the result of the next customer, and moves the position behind it. */
  record(result: SyncResult): Promise<void>
  /** Adds the result of a later customer. */
  recordAhead(result: SyncResult): Promise<void>
  /** `true` for a customer that an earlier run has recorded ahead. */
  isAhead(customer: BillingCustomer): boolean
  complete(): Promise<SyncReport>
}

/** Starts the progress of a run, or continues that of a run that was stopped. */
export function createProgress(start: SyncReport, onProgress: ((report: SyncReport) => unknown) | undefined): Progress {
  let report = start
  // one array for the whole run: copies of it would cost the square of its length
  const customers: SyncEntry[] = [...start.customers]
  let failuresInARow = 0
  let turn: Promise<unknown> = Promise.resolve()

  /** Several customers are in progress: `onProgress` gets one report after the other. */
  function update(next: () => SyncReport): Promise<void> {
    const done = turn.then(async () => {
      report = next()
      await onProgress?.(report)
    })
    turn = done.catch(() => undefined)
    return done
  }

  const pendingWithout = ({ customer }: SyncResult): SyncEntry[] =>
    report.pending.filter(({ customerId }) => customerId !== customer.customerId)

  /** The entry of a customer whose state the killed run has saved: now nothing differs any more. */
  const findCarried = ({ customer }: SyncResult): SyncEntry | undefined =>
    start.pending.find(({ customerId }) => customerId === customer.customerId)

  function add(result: SyncResult, place: Pick<SyncReport, 'position' | 'ahead'>): SyncReport {
    const entry = toEntry(result) ?? findCarried(result)
    if (entry !== undefined) customers.push(entry)
    const count = (status: SyncEntry['status']): number => (entry?.status === status ? 1 : 0)
    failuresInARow = entry?.status === 'failed' ? failuresInARow + 1 : 0
    return {
      ...report,
      ...place,
      checked: report.checked + 1,
      drifted: report.drifted + count('drifted'),
      gone: report.gone + count('gone'),
      failed: report.failed + count('failed'),
      pending: pendingWithout(result),
      customers,
    }
  }

  return {
    report: () => report,
    async announce(result) {
      const entry = toEntry(result)
      if (entry !== undefined) await update(() => ({ ...report, pending: [...pendingWithout(result), entry] }))
    },
    async record(result) {
      await update(() => add(result, { position: result.customer.position, ahead: report.ahead }))
      if (failuresInARow >= MAX_FAILURES_IN_A_ROW && 'error' in result) throw result.error
    },
    recordAhead: (result) =>
      update(() => add(result, { position: report.position, ahead: [...report.ahead, result.customer.position] })),
    isAhead: ({ position }) => report.ahead.includes(position),
    async complete() {
      await update(() => ({ ...report, complete: true, ahead: [], pending: [] }))
      return report
    },
  }
}

import type { SyncEntry, SyncedCustomer, SyncReport } from '@kinde-billing/management'
import { printable } from '../output/event-lines.js'
import { renderTable } from '../output/table.js'
import type { Terminal } from '../terminal.js'

/** A report for people. */
export function describeReport(report: SyncReport, terminal: Terminal): string {
  const { checked, drifted, gone, failed, dryRun, complete, customers } = report
  const rows = customers.map((entry) => [printable(entry.customerId), describeBelief(entry), describeFollows(entry)])
  const table = rows.length === 0 ? '' : `${renderTable({ head: ['customer', 'stored', 'Kinde'], rows }, terminal)}\n`
  const counts = [
    `${checked} ${checked === 1 ? 'customer' : 'customers'}`,
    `${drifted} ${dryRun ? (drifted === 1 ? 'differs' : 'differ') : 'changed'}`,
    ...(gone > 0 ? [`${gone} unknown to Kinde by now`] : []),
    ...(failed > 0 ? [`${failed} could not be read; nothing was changed for them`] : []),
    ...(complete ? [] : ['stopped before the end']),
  ]
  return `${table}${counts.join(', ')}.\n`
}

function describeBelief({ believed }: SyncEntry): string {
  if (believed === undefined) return ''
  const { access, plan, since } = believed
  return [access, plan, since === undefined ? undefined : `since ${since}`]
    .filter((part) => part !== undefined)
    .map((part) => printable(part))
    .join(' ')
}

function describeFollows({ status, follows, changes, error }: SyncEntry): string {
  if (follows === undefined) return printable(`${status}: ${error?.message ?? ''}`)
  return printable(`${follows.access} ${follows.plan ?? ''} (${changes?.join(', ')}). ${follows.reason}`, 400)
}

/** One customer for people. */
export function describeCustomer(synced: SyncedCustomer | undefined, terminal: Terminal): string {
  if (synced === undefined) return 'Not a billing customer: nothing to sync.\n'
  const { key, agreements, before, after, changes, saved } = synced
  const rows: [string, string][] = [
    ['key', printable(key)],
    [
      'Kinde',
      agreements.map(({ id, planCode }) => printable(`${id} (${planCode ?? 'no plan'})`)).join(', ') || 'no agreements',
    ],
    ['stored', `${before.access} ${printable(before.plan?.code ?? '')}`],
    [saved ? 'now' : 'follows', `${after.access} ${printable(after.plan?.code ?? '')}`],
    ['reason', printable(after.reason.text, 400)],
    ['changes', changes.map(({ type }) => type).join(', ') || 'none'],
  ]
  return renderTable({ head: ['customer', printable(synced.customerId)], rows }, terminal)
}

import type { DeliveryDetails, InboxHealth, StoredDelivery } from '@kinde-billing/postgres'
import displayWidth from 'string-width'
import { printable } from '../output/event-lines.js'
import { renderTable, type TableLook } from '../output/table.js'

/** Renders deliveries as a table. */
export function describeDeliveries(deliveries: readonly StoredDelivery[], look: TableLook): string {
  if (deliveries.length === 0) return 'No deliveries.\n'
  const rows = deliveries.map((delivery) => [
    mark(delivery, look),
    printable(delivery.eventId),
    printable(delivery.type),
    delivery.dead ? `${delivery.status}, dead` : delivery.status,
    delivery.firstSeenAt.toISOString(),
    String(delivery.attempts),
    describeError(delivery),
  ])
  const head = ['', 'event', 'type', 'status', 'first arrival', 'attempts', 'last error']
  return renderTable({ head, rows }, look)
}

function mark({ status }: StoredDelivery, { colors }: TableLook): string {
  if (status === 'done' || status === 'discarded') return colors.green('✓')
  return status === 'failed' ? colors.red('✗') : colors.yellow('…')
}

function describeError({ lastError }: StoredDelivery): string {
  return lastError === undefined ? '' : printable(`${lastError.code}: ${lastError.message}`, 300)
}

/** Lists everything that is known about a delivery, with its claims only on request. */
export function describeDelivery(delivery: DeliveryDetails, showsClaims: boolean, look: TableLook): string {
  const { redelivery, claims } = delivery
  const rows: [string, string | undefined][] = [
    ['event', delivery.eventId],
    ['type', delivery.type],
    ['status', delivery.dead ? `${delivery.status}, dead: not handled for 30 days` : delivery.status],
    ['customer', delivery.customer],
    ['endpoint', delivery.name],
    ['issuer', delivery.issuer],
    ['occurred', delivery.occurredAt.toISOString()],
    ['first arrival', delivery.firstSeenAt.toISOString()],
    ['last arrival', delivery.lastAttemptAt.toISOString()],
    ['attempts', String(delivery.attempts)],
    ['failures', String(delivery.failures)],
    ['done', delivery.doneAt?.toISOString()],
    ['last error', describeError(delivery) || undefined],
    ['redelivery', redelivery?.reason === undefined ? undefined : printable(redelivery.reason, 500)],
    ['requested', redelivery?.requestedAt?.toISOString()],
    ['due', redelivery?.dueAt?.toISOString()],
    ['kept claims', delivery.claimsBytes === 0 ? 'none' : `${delivery.claimsBytes} bytes`],
  ]
  const known = rows.flatMap(([name, value]) => (value === undefined ? [] : [[name, printable(value, 600)]]))
  const table = renderTable({ head: ['delivery', ''], rows: known }, look)
  if (!showsClaims) return table
  return `${table}\n${claims === undefined ? 'The claims are not kept.' : printableJson(claims, look.columns)}\n`
}

/**
 * Characters that terminals hide or act on are escaped, and a value that does not fit beside its name follows on a line of
 * its own, which is still the same JSON.
 */
function printableJson(value: object, columns: number): string {
  return JSON.stringify(value, null, 2)
    .split('\n')
    .map((line) => printable(line, Number.POSITIVE_INFINITY))
    .map((line) => {
      const [, indent = '', name = '', rest = ''] = /^( *)("(?:[^"\\]|\\.)*":) (.+)$/.exec(line) ?? []
      return name === '' || displayWidth(line) <= columns ? line : `${indent}${name}\n${indent}  ${rest}`
    })
    .join('\n')
}

/** Lists the state of an inbox. */
export function describeHealth(health: InboxHealth, look: TableLook): string {
  const { oldestFailure, failingSince, disabledAt } = health
  const rows = [
    ['last arrival', health.lastArrivalAt?.toISOString() ?? 'never'],
    ['last success', health.lastSuccessAt?.toISOString() ?? 'never'],
    ['failing', String(health.failing)],
    ...(oldestFailure === undefined
      ? []
      : [
          [
            'oldest failure',
            `${oldestFailure.eventId}, ${oldestFailure.type}, ${oldestFailure.firstSeenAt.toISOString()}`,
          ],
          ['Kinde stops trying it', `about ${oldestFailure.kindeStopsAt.toISOString()}`],
        ]),
    ...(failingSince === undefined ? [] : [['everything fails since', failingSince.toISOString()]]),
    ...(disabledAt === undefined ? [] : [['Kinde disables it', `about ${disabledAt.toISOString()}`]]),
    ['to redeliver', String(health.toRedeliver)],
    ['dead', String(health.dead)],
  ]
  return renderTable({ head: ['inbox', ''], rows }, look)
}

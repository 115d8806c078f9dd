import { docsUrl } from '@kinde-billing/core/internal'
import { printable } from '../output/event-lines.js'
import type { TableLook } from '../output/table.js'
import { wrap } from '../output/wrap.js'
import type { ForwardedAnswer, ListenedDelivery, RecordedDelivery } from './delivery.js'

/** Converts a delivery to one line of JSON, without its token. */
export function deliveryJson({ request: _request, ...delivery }: RecordedDelivery): string {
  return `${JSON.stringify(delivery)}\n`
}

/** Describes a delivery on one line, and its problem or fixture on further ones. */
export function describeDelivery(delivery: ListenedDelivery, look: TableLook): string {
  const { columns } = look
  const { file, filled } = delivery
  const details = [
    ...describeProblem(delivery),
    ...(file === undefined ? [] : [`${file} contains ${filled.join(', ') || 'no members of a billing event'}`]),
  ]
  const lines = [
    wrap(summarizeDelivery(delivery, look), columns),
    ...details.map((detail) => wrap(detail, columns, '    ')),
  ]
  return `${lines.join('\n')}\n`
}

/** The problem of a refused delivery, and the link of its page. */
export function describeProblem({ problem, outcome }: ListenedDelivery): string[] {
  return problem === undefined ? [] : [`${printable(problem, 600)} ${docsUrl(outcome)}`]
}

/** Describes a delivery on one line. */
export function summarizeDelivery(delivery: ListenedDelivery, { colors }: TableLook): string {
  const { id, receivedAt, type, customer, isVerified, problem, status, forwarded } = delivery
  const color = status === 200 ? colors.green : colors.red
  return [
    colors.dim(`${id} ${receivedAt.slice(11, 19)}`),
    color(getVerdict(delivery)),
    ...(isVerified || problem !== undefined ? [] : [colors.yellow('unverified')]),
    printable(type ?? 'no event'),
    ...(customer === undefined ? [] : [printable(customer)]),
    ...(forwarded === undefined ? [] : [describeAnswer(forwarded)]),
  ].join('  ')
}

/** The application's answer is shown at the end of the line, so that its status does not look like the verdict. */
function getVerdict({ forwarded, isVerified, outcome, problem, status }: ListenedDelivery): string {
  if (forwarded === undefined) return `${status} ${outcome}`
  if (problem !== undefined) return outcome
  return isVerified ? 'authentic' : 'forwarded'
}

function describeAnswer({ status, answer, durationMs }: ForwardedAnswer): string {
  const words = status === undefined ? `no answer (${printable(answer)})` : `${status} ${printable(answer)}`.trim()
  return `→ ${words} in ${durationMs} ms`
}

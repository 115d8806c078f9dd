import { BILLING_EVENT_TYPES, isBillingEventType } from '@kinde-billing/core'
import type { Webhook } from '@kinde-billing/management'
import { EXIT, type ExitCode } from '../exit-codes.js'
import { withKinde } from '../kinde/client.js'
import { printable } from '../output/event-lines.js'
import { renderTable } from '../output/table.js'
import type { Terminal } from '../terminal.js'

/** Prints the webhooks of the environment. */
export function listCommand({ json }: { readonly json?: boolean }, terminal: Terminal): Promise<ExitCode> {
  return withKinde(terminal, { json }, async (client) => {
    const webhooks = await client.webhooks.list()
    terminal.out(json ? `${JSON.stringify({ webhooks }, null, 2)}\n` : describeWebhooks(webhooks, terminal))
    return EXIT.ok
  })
}

function describeWebhooks(webhooks: readonly Webhook[], terminal: Terminal): string {
  if (webhooks.length === 0) return 'This environment has no webhook. Create one with: kinde-billing webhooks ensure\n'
  const rows = webhooks.map(({ id, endpoint, eventTypes }) => [id, printable(endpoint), countEvents(eventTypes)])
  return renderTable({ head: ['id', 'endpoint', 'events'], rows }, terminal)
}

/** Counts billing events, and names what is missing if it is little. */
export function countEvents(eventTypes: readonly string[]): string {
  const missing = BILLING_EVENT_TYPES.filter((type) => !eventTypes.includes(type))
  const others = eventTypes.filter((type) => !isBillingEventType(type)).length
  const billing = BILLING_EVENT_TYPES.length - missing.length
  const parts = [
    missing.length === 0 ? 'all billing events' : `${billing} of ${BILLING_EVENT_TYPES.length} billing events`,
  ]
  if (billing > 0 && missing.length > 0) parts.push(`without ${missing.join(', ')}`)
  if (others > 0) parts.push(`${others} other`)
  return parts.join(', ')
}

import type { BillingEvent } from '@kinde-billing/core'
import type { HandlerDelivery } from '@kinde-billing/core/receiver'
import { type AccessPolicy, createBillingStateHandler, customerKey, summarize } from '@kinde-billing/state'
import { plainText } from './changes.js'
import { type Sql, states } from './database.js'
import type { WorkQueue } from './work-queue.js'

/**
 * What the application does with an event, all in the inbox's transaction: it keeps the event and the customer's state,
 * and enqueues the mails. Whatever is slow is done by the queue, after the answer.
 */
export function handleBilling(queue: WorkQueue, policy: AccessPolicy) {
  const keepState = createBillingStateHandler<unknown, Sql, string>({
    load: states.load,
    save: states.save,
    policy,
    onChange: (changes, { key, event, delivery }) => queue.recordChanges(changes, key, event.id, delivery.tx),
  })
  return async (event: BillingEvent, delivery: HandlerDelivery<unknown, Sql>): Promise<void> => {
    const { tx } = delivery
    const customer = customerKey(event)
    if (customer !== undefined) await keepEvent(event, customer, tx)
    await keepState(event, delivery)
    if (customer === undefined) return
    const { reviewAt } = summarize(await states.read(customer, tx), { now: Date.now(), policy })
    if (reviewAt) await queue.lookAgain(customer, reviewAt, tx)
  }
}

async function keepEvent(event: BillingEvent, customer: string, tx: Sql): Promise<void> {
  await tx.query(
    `insert into saas_customers as known (key, name) values ($1, $2)
     on conflict (key) do update set name = coalesce(excluded.name, known.name)`,
    [customer, mailAddressOf(event)],
  )
  const quantity = event.type === 'customer.meter_usage_updated' ? event.usage.quantity : undefined
  await tx.query(
    `insert into saas_events (id, customer, type, occurred_at, quantity, claims) values ($1, $2, $3, $4, $5, $6)
     on conflict do nothing`,
    [event.id, customer, event.type, event.occurredAt, quantity ?? null, JSON.stringify(event.claims)],
  )
}

function mailAddressOf({ data }: BillingEvent): string | null {
  const { customer } = data
  const hasMail = typeof customer === 'object' && customer !== null && 'email' in customer
  return (hasMail && plainText(customer.email)) || null
}

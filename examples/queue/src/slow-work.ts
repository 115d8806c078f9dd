import { setTimeout } from 'node:timers/promises'
import type { BillingEvent } from '@kinde-billing/core'

/** Stands for work that would keep Kinde waiting: a mail, an invoice, a call to an unreliable service. */
export async function doSlowWork(event: BillingEvent): Promise<void> {
  console.log(`begun: ${event.type} ${event.id}`)
  await setTimeout(Number(process.env.WORK_MS ?? 1000))
  console.log(`done: ${event.type} ${event.id} of ${event.customer.id}, at ${event.occurredAt.toISOString()}`)
}

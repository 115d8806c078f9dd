import type { BillingHandlers } from '@kinde-billing/core/receiver'
import {
  type BillingState,
  type BillingStateStore,
  type BillingSummary,
  createBillingStateHandler,
  customerKey,
  summarize,
} from '@kinde-billing/state'

// In memory, and lost with the process. In your application: createPostgresStateStore() of @kinde-billing/postgres.
const rows = new Map<string, { state: BillingState; version: number }>()
const store: BillingStateStore<unknown, number> = {
  load: (key) => rows.get(key),
  save(key, state, version) {
    if (rows.get(key)?.version !== version) return false
    rows.set(key, { state, version: (version ?? 0) + 1 })
    return true
  },
}

/** Keeps what each customer has, whatever order events come in, and acts on what is different. */
export const onEvent = createBillingStateHandler({
  store,
  onChange(changes, { key, event, after }) {
    for (const { type } of changes) send(key, `${event.id} ${type}`, `${type}: ${after.reason.text}`)
  },
})

/** Acts on what an event says by itself, whatever the state was before. */
export const on: BillingHandlers<unknown, unknown> = {
  'customer.payment_succeeded': (event) => send(customerKey(event), event.id, 'receipt'),
  'customer.payment_failed': (event) => send(customerKey(event), event.id, 'please try another card'),
}

const sent = new Map<string, Map<string, string>>()

/** Stands for your mail service. The id says what was sent already: a handler that fails is run again. */
function send(key: string | undefined, id: string, message: string): void {
  if (key === undefined) return
  sent.set(key, (sent.get(key) ?? new Map<string, string>()).set(id, message))
}

/** Reads what an organization has now. Without an organization there is no access. */
export function billingOf(orgCode: string | null | undefined): BillingSummary {
  const now = Date.now()
  const row = [...rows.values()].find(({ state }) => summarize(state, { now }).customer.orgCode === orgCode)
  return summarize(orgCode ? row?.state : undefined, { now })
}

/** Lists the effects of the events, to look at them: leave it out of your application. */
export function listCustomers(): object[] {
  return [...rows].map(([key, { state }]) => {
    const { access, plan, reason } = summarize(state, { now: Date.now() })
    return { key, access, plan: plan?.code, reason: reason.text, messages: [...(sent.get(key)?.values() ?? [])] }
  })
}

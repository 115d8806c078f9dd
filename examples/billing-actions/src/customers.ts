import {
  type BillingState,
  type BillingStateStore,
  type BillingSummary,
  type CustomerIdentity,
  summarize,
} from '@kinde-billing/state'
import { plans } from './plans'

/**
 * The states of your customers and the messages to them: in memory, lost with the process. In your own application, this is
 * `createPostgresStateStore()` and your mail service.
 */
export interface Customers extends BillingStateStore<unknown, number> {
  /** Finds the state of the customer that a session names. */
  find(session: Pick<CustomerIdentity, 'orgCode' | 'userId'>): BillingState | undefined
  /** Sends a message, once for each `id`: a delivery can be repeated after it was sent. */
  send(key: string, id: string, message: string): void
  /** Every customer as JSON, to look at the effect of events. */
  list(now?: number): object[]
}

interface Row {
  readonly state: BillingState
  readonly version: number
}

/** Creates an empty store. */
export function createCustomers(): Customers {
  const rows = new Map<string, Row>()
  const outbox = new Map<string, Map<string, string>>()
  return {
    load: (key) => rows.get(key),
    save(key, state, version) {
      if (rows.get(key)?.version !== version) return false
      rows.set(key, { state, version: (version ?? 0) + 1 })
      return true
    },
    find: (session) => [...rows.values()].find(({ state }) => belongsTo(state, session))?.state,
    send(key, id, message) {
      const messages = outbox.get(key) ?? new Map<string, string>()
      outbox.set(key, messages)
      messages.set(id, messages.get(id) ?? message)
    },
    list: (now = Date.now()) =>
      [...rows].map(([key, { state }]) => ({
        key,
        ...describe(summarize(state, { now })),
        messages: [...(outbox.get(key)?.values() ?? [])],
      })),
  }
}

/** An organization pays for its members; without one, the user pays. */
function belongsTo(state: BillingState, { orgCode, userId }: Pick<CustomerIdentity, 'orgCode' | 'userId'>): boolean {
  const { customer } = summarize(state, { now: 0 })
  if (orgCode !== undefined) return customer.orgCode === orgCode
  return userId !== undefined && customer.orgCode === undefined && customer.userId === userId
}

function describe(summary: BillingSummary): object {
  return {
    access: summary.access,
    reason: summary.reason.text,
    plan: summary.plan?.code,
    features: plans.features(summary),
    agreements: Object.fromEntries(summary.agreements.map(({ id, access }) => [id ?? 'unnamed', access])),
    usage: Object.fromEntries(
      summary.usage.map(({ meterId, featureCode, quantity }) => [featureCode ?? meterId, quantity]),
    ),
  }
}

/** The present summary of a session's customer: for a middleware, or a page. */
export const billingOf = (
  customers: Customers,
  session: Pick<CustomerIdentity, 'orgCode' | 'userId'>,
): BillingSummary => summarize(customers.find(session), { now: Date.now() })

import { type BillingState, type BillingStateStore, type BillingSummary, summarize } from '@kinde-billing/state'
import { Injectable } from '@nestjs/common'

/**
 * The customers and the messages to them: in memory, and lost with the process. In your application:
 * `createPostgresStateStore()` of `@kinde-billing/postgres` and your mail service.
 */
@Injectable()
export class Customers implements BillingStateStore<unknown, number> {
  private readonly rows = new Map<string, { state: BillingState; version: number }>()
  private readonly sent = new Map<string, Map<string, string>>()

  load(key: string) {
    return this.rows.get(key)
  }

  save(key: string, state: BillingState, version: number | undefined): boolean {
    if (this.rows.get(key)?.version !== version) return false
    this.rows.set(key, { state, version: (version ?? 0) + 1 })
    return true
  }

  /** Sends a message. The id says what was sent already: a handler that fails is run again. */
  send(key: string | undefined, id: string, message: string): void {
    if (key === undefined) return
    this.sent.set(key, (this.sent.get(key) ?? new Map<string, string>()).set(id, message))
  }

  /** Reads what an organization has now. Without an organization there is no access. */
  billingOf(orgCode: string | undefined): BillingSummary {
    const now = Date.now()
    const row = [...this.rows.values()].find(({ state }) => summarize(state, { now }).customer.orgCode === orgCode)
    return summarize(orgCode ? row?.state : undefined, { now })
  }

  list(): object[] {
    return [...this.rows].map(([key, { state }]) => {
      const { access, plan, reason } = summarize(state, { now: Date.now() })
      return { key, access, plan: plan?.code, reason: reason.text, messages: [...(this.sent.get(key)?.values() ?? [])] }
    })
  }
}

import type { BillingEvent } from '@kinde-billing/core'
import { assertObject, assertType } from '@kinde-billing/core/internal'

const MAX_CHARACTERS = 256

/** The names of a customer as a session has them. */
export interface CustomerIdentity {
  /** Kinde's id of the billing customer. */
  readonly customerId?: string | undefined
  /** The organization's code. */
  readonly orgCode?: string | undefined
  /** The user's id. */
  readonly userId?: string | undefined
}

interface WithCustomer {
  readonly customer: Readonly<Partial<Pick<BillingEvent['customer'], 'id' | 'orgCode' | 'userId'>>>
}

/**
 * Builds the key of the state that an event belongs to, or that a session asks for: `customer:<id>` if there is a billing
 * customer's id, else `org:<code>`, else `user:<id>`.
 *
 * One customer whose events name them in different ways has several keys. If your tenant's events do that, pass
 * `createBillingStateHandler` a `key` of your own. A session mostly knows no customer id: ask a store's `find` then.
 *
 * @param source - An event, or the names that a session has.
 * @returns The key; `undefined` if there is no name, or if the first one is longer than 256 characters or holds a control
 * character or half of a surrogate pair: a key is never guessed.
 * @throws KindeWebhookError `invalid_configuration` for a value that is not an object.
 *
 * @example
 * ```ts
 * import { customerKey } from '@kinde-billing/state'
 *
 * customerKey({ customer: { id: 'customer_0195', orgCode: 'org_5e8c' } }) // 'customer:customer_0195'
 * customerKey({ orgCode: 'org_5e8c' }) // 'org:org_5e8c'
 * ```
 */
export function customerKey(source: WithCustomer | CustomerIdentity): string | undefined {
  assertObject('source', source, 'pass an event, or the names of a session, such as { orgCode }')
  const { customerId, orgCode, userId } = 'customer' in source ? namesOf(source) : source
  for (const [name, value] of Object.entries({ customerId, orgCode, userId }))
    assertType(name, value ?? undefined, 'string')
  const names = [
    ['customer', customerId],
    ['org', orgCode],
    ['user', userId],
  ] as const
  const [kind, name] = names.find(([, candidate]) => candidate?.trim()) ?? []
  return name !== undefined && isUsable(name) ? `${kind}:${name}` : undefined
}

function namesOf({ customer: { id, orgCode, userId } }: WithCustomer): CustomerIdentity {
  return { customerId: id, orgCode, userId }
}

function isUsable(name: string): boolean {
  return name.length <= MAX_CHARACTERS && !/\p{Cc}|\p{Cs}/u.test(name)
}

import type { BillingEvent } from '@kinde-billing/core'

const MAX_CHARACTERS = 256

/**
 * Whose state an event belongs to: `customer:<id>` where Kinde's customer id is there, or else `org:<code>`, or else
 * `user:<id>`. `undefined` where none is, or where the first that is there is longer than 256 characters, or has a
 * control character or half of a surrogate pair in it: a key is never guessed.
 *
 * One customer whose events name them in different ways has several keys. Where a tenant's events do that, give
 * `createBillingStateHandler` a `key` of the application's own.
 *
 * @example
 * ```ts
 * import { customerKey } from '@kinde-billing/state'
 *
 * customerKey({ customer: { id: 'customer_0195', orgCode: 'org_5e8c' } }) // 'customer:customer_0195'
 * customerKey({ customer: { orgCode: 'org_5e8c' } }) // 'org:org_5e8c'
 * ```
 */
export function customerKey({
  customer,
}: {
  readonly customer: Readonly<Partial<Pick<BillingEvent['customer'], 'id' | 'orgCode' | 'userId'>>>
}): string | undefined {
  const names = [
    ['customer', customer.id],
    ['org', customer.orgCode],
    ['user', customer.userId],
  ] as const
  const [kind, name] = names.find(([, candidate]) => candidate?.trim()) ?? []
  return name !== undefined && isUsable(name) ? `${kind}:${name}` : undefined
}

function isUsable(name: string): boolean {
  return name.length <= MAX_CHARACTERS && !/\p{Cc}|\p{Cs}/u.test(name)
}

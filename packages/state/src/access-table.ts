/** Best first: a customer with several agreements is given the best of them. */
export const ACCESS = ['active', 'past_due', 'suspended', 'cancelled', 'none'] as const

/** What a customer has. `active` and `past_due` are in; `suspended`, `cancelled` and `none` are out. */
export type Access = (typeof ACCESS)[number]

/**
 * What applications decide differently. Times are in milliseconds, `Infinity` for ever. The defaults shut nobody out who
 * may be paying.
 */
export interface AccessPolicy {
  /**
   * How long after the first failed payment that nothing has made good a customer is `past_due`, and so still in; then
   * `suspended`. `0`: suspended at once. Default `Infinity`.
   */
  readonly pastDueGraceMs?: number | undefined
  /** The same after an invoice became overdue. Default `Infinity`: an overdue invoice does not suspend. */
  readonly overdueGraceMs?: number | undefined
  /**
   * How long a cancellation waits for the agreement that replaces it: for so long the customer is in as before, since a
   * plan change cancels too, and its other half may still be on its way. Default 5 minutes; `0`: it does not wait.
   */
  readonly cancellationGraceMs?: number | undefined
  /**
   * Whether a payment without an agreement id lets a customer in all of whose agreements have ended before it: it may be
   * for one that no event has told of, or a last invoice. Default `true`. Set it to `false` if your tenant's payments
   * carry no agreement id, and last invoices are paid after a cancellation.
   */
  readonly unlinkedPaymentGrantsAccess?: boolean | undefined
}

/** The policy with its defaults filled in. */
export type Policy = { readonly [Name in keyof AccessPolicy]-?: NonNullable<AccessPolicy[Name]> }

/** What the table looks at, of one agreement: the moments from which something holds; `undefined` where it does not. */
export interface AgreementFacts {
  readonly cancelledAt: number | undefined
  /** Whether a newer agreement runs: a cancellation then has nothing to wait for. */
  readonly isReplaced: boolean
  /** The first failed payment that no payment has made good. */
  readonly failedSince: number | undefined
  /** The first overdue invoice that no payment has made good. */
  readonly overdueSince: number | undefined
}

interface Row {
  readonly access: Exclude<Access, 'none'>
  /** When the row begins to hold, in epoch milliseconds; `undefined` where it never does. */
  readonly from: (facts: AgreementFacts, policy: Policy) => number | undefined
}

/** Which facts lead to which access: the first row that holds. A customer without an agreement has `none`. */
const ACCESS_TABLE: readonly Row[] = [
  {
    access: 'cancelled',
    from: ({ cancelledAt, isReplaced }, { cancellationGraceMs }) =>
      later(cancelledAt, isReplaced ? 0 : cancellationGraceMs),
  },
  { access: 'suspended', from: ({ failedSince }, { pastDueGraceMs }) => later(failedSince, pastDueGraceMs) },
  { access: 'suspended', from: ({ overdueSince }, { overdueGraceMs }) => later(overdueSince, overdueGraceMs) },
  { access: 'past_due', from: ({ failedSince }) => later(failedSince, 0) },
  { access: 'past_due', from: ({ overdueSince }) => later(overdueSince, 0) },
  { access: 'active', from: () => Number.NEGATIVE_INFINITY },
]

/** What one agreement gives at a moment, and the next moment at which time alone may change that. */
export function accessOf(
  facts: AgreementFacts,
  policy: Policy,
  now: number,
): { access: Row['access']; reviewAt: number | undefined } {
  let reviewAt = Number.POSITIVE_INFINITY
  for (const { access, from } of ACCESS_TABLE) {
    const start = from(facts, policy) ?? Number.POSITIVE_INFINITY
    if (start <= now) return { access, reviewAt: reviewAt <= LAST_DATE ? reviewAt : undefined }
    reviewAt = Math.min(reviewAt, start)
  }
  return { access: 'active', reviewAt: undefined }
}

/** Whether a customer with this access is in. */
export function isIn(access: Access): access is 'active' | 'past_due' {
  return access === 'active' || access === 'past_due'
}

/**
 * The policy with its defaults filled in.
 *
 * @throws {RangeError} for a time that is negative or not a number.
 */
export function fullPolicy(given: AccessPolicy = {}): Policy {
  return {
    pastDueGraceMs: time('pastDueGraceMs', given.pastDueGraceMs ?? Number.POSITIVE_INFINITY),
    overdueGraceMs: time('overdueGraceMs', given.overdueGraceMs ?? Number.POSITIVE_INFINITY),
    cancellationGraceMs: time('cancellationGraceMs', given.cancellationGraceMs ?? 5 * 60_000),
    unlinkedPaymentGrantsAccess: given.unlinkedPaymentGrantsAccess ?? true,
  }
}

function time(name: keyof AccessPolicy, value: number): number {
  if (typeof value === 'number' && value >= 0) return value
  throw new RangeError(
    `policy.${name} is ${String(value).slice(0, 40)}: give milliseconds, 0 or more, or Infinity for ever.`,
  )
}

/** The last moment that a `Date` can hold. */
const LAST_DATE = 8.64e15

// What is not to wait holds as soon as it is known: Kinde's clock may be ahead of ours.
function later(at: number | undefined, ms: number): number | undefined {
  if (at === undefined) return undefined
  return ms === 0 ? Number.NEGATIVE_INFINITY : at + ms
}

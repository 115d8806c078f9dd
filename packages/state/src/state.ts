import type { BillingFact, UsageFact } from './facts.js'

/** The version of {@link BillingState} that this package reads and writes. */
const STATE_VERSION = 1

/**
 * What is known of one customer: plain JSON, to be stored anywhere. Its members are not for applications to read:
 * `summarize` answers their questions.
 *
 * It holds the facts that can still matter, oldest first: the latest 32 of each list, and of what is older the latest of
 * each kind for each agreement and each meter.
 */
export interface BillingState {
  /** Which release can read it. */
  readonly version: typeof STATE_VERSION
  /** Agreements, plans, invoices and payments. */
  readonly facts: readonly BillingFact[]
  /** Usage reports. */
  readonly usage: readonly UsageFact[]
}

/** The state of a customer of whom nothing is known. */
export const EMPTY_STATE: BillingState = { version: STATE_VERSION, facts: [], usage: [] }

/**
 * The state, if it is of the version that this package knows.
 *
 * @throws {RangeError} for another version.
 */
export function knownState(state: BillingState | undefined): BillingState {
  if (state === undefined) return EMPTY_STATE
  const { version }: { version: unknown } = state
  if (version === STATE_VERSION) return state
  throw new RangeError(
    `This billing state has version ${String(JSON.stringify(version)).slice(0, 40)}, and this release of @kinde-billing/state knows ` +
      `version ${STATE_VERSION}. Install the release that wrote it, or rebuild the state from the stored claims.`,
  )
}

import { compareText, type FactList } from './facts.js'
import { keepFacts } from './keep.js'

/** The version of {@link BillingState} that this package reads and writes. */
const STATE_VERSION = 2

/** One of a customer's names, with the time of the first fact that has it. */
export interface CustomerName {
  readonly value: string
  readonly at: number
}

/** The names by which a customer is known. */
export interface CustomerNames {
  readonly id?: CustomerName
  readonly orgCode?: CustomerName
  readonly userId?: CustomerName
}

/**
 * The facts that are known of one customer: plain JSON that can be stored anywhere. Its members are not for applications to
 * read: `summarize` answers their questions.
 *
 * Its size depends on the number of agreements and meters, not on the number of events.
 */
export interface BillingState {
  /** The format. */
  readonly version: typeof STATE_VERSION
  /** Kinde's names for the customer. */
  readonly customer: CustomerNames
  /** The facts, by type and agreement. */
  readonly lists: readonly FactList[]
}

/** The state of a customer of whom nothing is known. */
const EMPTY_STATE: BillingState = { version: STATE_VERSION, customer: {}, lists: [] }

/**
 * Returns the state if this package knows its version, and the empty state for `undefined`.
 *
 * @throws {RangeError} for another version.
 */
export function knownState(state: BillingState | undefined): BillingState {
  if (state === undefined) return EMPTY_STATE
  const { version }: { version: unknown } = state
  if (version === STATE_VERSION) return state
  throw new RangeError(
    `This billing state has version ${String(JSON.stringify(version)).slice(0, 40)}, but this release of @kinde-billing/state reads ` +
      `version ${STATE_VERSION}. Install the release that wrote it, or rebuild the state from the stored claims.`,
  )
}

/** Adds names and facts. Returns the same object if they are known already. */
export function addToState(state: BillingState, customer: CustomerNames, added: readonly FactList[]): BillingState {
  const names = mergeNames(state.customer, customer)
  let lists = state.lists
  for (const list of added) lists = addList(lists, list)
  return names === state.customer && lists === state.lists ? state : { version: state.version, customer: names, lists }
}

function addList(lists: readonly FactList[], added: FactList): readonly FactList[] {
  const known = lists.find((list) => compareLists(list, added) === 0)
  const facts = keepFacts(added.type, known?.facts ?? [], added.facts)
  if (known === undefined) return [...lists, { ...added, facts }].sort(compareLists)
  if (facts.length === known.facts.length && facts.every((fact, index) => fact === known.facts[index])) return lists
  return lists.map((list) => (list === known ? { ...list, facts } : list))
}

function compareLists(a: FactList, b: FactList): number {
  return (
    compareText(a.type, b.type) ||
    Number(a.agreement !== undefined) - Number(b.agreement !== undefined) ||
    compareText(a.agreement ?? '', b.agreement ?? '') ||
    compareText(a.group ?? '', b.group ?? '')
  )
}

function mergeNames(known: CustomerNames, added: CustomerNames): CustomerNames {
  const [id, orgCode, userId] = [
    earlier(known.id, added.id),
    earlier(known.orgCode, added.orgCode),
    earlier(known.userId, added.userId),
  ]
  if (id === known.id && orgCode === known.orgCode && userId === known.userId) return known
  return { ...(id && { id }), ...(orgCode && { orgCode }), ...(userId && { userId }) }
}

/** The first name counts: of an event that was signed again with a later time, it is known exactly. */
function earlier(known: CustomerName | undefined, added: CustomerName | undefined): CustomerName | undefined {
  if (known === undefined || added === undefined) return known ?? added
  return (added.at - known.at || compareText(added.value, known.value)) < 0 ? added : known
}

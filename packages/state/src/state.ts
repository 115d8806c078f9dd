import { compareText, type Fact, type FactList } from './facts.js'
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
  const version: unknown = state?.version
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
  const index = placeOf(lists, added)
  const found = lists[index]
  const known = found !== undefined && compareLists(found, added) === 0 ? found : undefined
  const facts = keepFacts(added.type, known?.facts ?? [], added.facts)
  if (known === undefined) return [...lists.slice(0, index), withFacts(added, facts), ...lists.slice(index)]
  if (facts.length === known.facts.length && facts.every((fact, at) => fact === known.facts[at])) return lists
  return lists.with(index, withFacts(known, facts))
}

// Member by member: spreading costs more than all else here.
function withFacts({ type, agreement, group }: FactList, facts: readonly Fact[]): FactList {
  if (agreement !== undefined) return { type, agreement, facts }
  return group === undefined ? { type, facts } : { type, group, facts }
}

/** The index of the list among sorted ones, or the index at which it belongs. */
function placeOf(lists: readonly FactList[], wanted: FactList): number {
  let [low, high] = [0, lists.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const list = lists[middle]
    if (list !== undefined && compareLists(list, wanted) < 0) low = middle + 1
    else high = middle
  }
  return low
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
  const id = earlier(known.id, added.id)
  const orgCode = earlier(known.orgCode, added.orgCode)
  const userId = orgCode === undefined ? earlier(known.userId, added.userId) : undefined
  if (id === known.id && orgCode === known.orgCode && userId === known.userId) return known
  return customerNames(id, orgCode, userId)
}

/**
 * The names that are known, without members for those that are not. The user of an organization's event is one of its
 * members, not the customer: a person's id that says nothing about access is not stored.
 */
export function customerNames(
  id: CustomerName | undefined,
  orgCode: CustomerName | undefined,
  userId: CustomerName | undefined,
): CustomerNames {
  const names: { -readonly [Name in keyof CustomerNames]: CustomerNames[Name] } = {}
  if (id !== undefined) names.id = id
  if (orgCode !== undefined) names.orgCode = orgCode
  if (userId !== undefined && orgCode === undefined) names.userId = userId
  return names
}

/** The first name counts: of an event that was signed again with a later time, it is known exactly. */
function earlier(known: CustomerName | undefined, added: CustomerName | undefined): CustomerName | undefined {
  if (known === undefined || added === undefined) return known ?? added
  return (added.at - known.at || compareText(added.value, known.value)) < 0 ? added : known
}

import { type AccessPolicy, resolvePolicy } from './access-table.js'
import type { Line, TimedFact } from './line.js'
import { type AccessReason, day, type FactReference, nameOf, referTo } from './reason.js'
import { type Effect, replay } from './replay.js'
import { type BillingState, knownState } from './state.js'
import { summarize } from './summarize.js'

/** One step on the way to what a customer has. */
export interface ExplanationStep {
  /** When the fact happened; for the last step, the present. */
  readonly at: Date
  /** One sentence in plain words. */
  readonly text: string
  /** The fact. `undefined` for a conclusion from no fact, such as that nothing is known. */
  readonly fact: FactReference | undefined
}

/** The options of {@link explain}: those of `summarize`. */
export interface ExplainOptions {
  /** The present: epoch milliseconds, or a `Date`. */
  readonly now: number | Date
  /** The rules by which facts give access. */
  readonly policy?: AccessPolicy | undefined
}

/**
 * Explains what a customer has, step by step: each fact that did something, in the order of time, and at last the reason for
 * what they have now. For support: it says which events were known and how they were read.
 *
 * @param state - `undefined` for a customer of whom nothing is known.
 * @param options - The present, and the policy.
 * @returns The steps, oldest first. The last one is `summarize(state, options).reason`.
 * @throws KindeWebhookError `invalid_configuration` for an option that is unknown or wrong.
 * @throws {RangeError} if the state has a version that this release does not know.
 *
 * @example
 * ```ts
 * import { type BillingState, explain } from '@kinde-billing/state'
 *
 * const lines = (state: BillingState): string[] =>
 *   explain(state, { now: Date.now() }).map(({ at, text }) => `${at.toISOString()} ${text}`)
 * ```
 */
export function explain(state: BillingState | undefined, options: ExplainOptions): ExplanationStep[] {
  const { reason } = summarize(state, options)
  const steps: ExplanationStep[] = []
  replay(knownState(state), resolvePolicy(options.policy), (fact, effect, line) => {
    steps.push({ at: new Date(fact.at), text: describe(fact, effect, line), fact: referTo(fact) })
  })
  // a creation is read ahead of its moment
  steps.sort((a, b) => a.at.getTime() - b.at.getTime())
  return [...steps, conclude(reason, new Date(Number(options.now)))]
}

function conclude({ text, fact }: AccessReason, at: Date): ExplanationStep {
  return { at, text, fact }
}

function describe(fact: TimedFact, effect: Effect, line: Line): string {
  const name = nameOf(line)
  const guessed = fact.id !== undefined && fact.agreement === undefined ? ' The event names no agreement.' : ''
  switch (effect) {
    case 'created':
      return `Kinde created ${name}.${guessed}`
    case 'seen':
      return `A first fact shows ${name}.${guessed}`
    case 'plan':
      return `The plan was told: ${name}.${guessed}`
    case 'failed':
      return `A payment for ${name} failed.${since(line.failed, fact)}${guessed}`
    case 'overdue':
      return `An invoice for ${name} became overdue.${since(line.overdue, fact)}${guessed}`
    case 'paid':
      return `A payment for ${name} succeeded: nothing is owed.${guessed}`
    case 'cancelled':
      return `Kinde cancelled ${name}.${guessed}`
    case 'missing':
      return `Kinde's complete list does not have ${name}: it has ended.`
    case 'listed':
      return `Kinde's list has ${name}.`
    case 'returned':
      return `Kinde's list has ${name} again: it runs.`
  }
}

function since(first: TimedFact | undefined, fact: TimedFact): string {
  return first === undefined || first === fact ? '' : ` The debt counts from ${day(first.at)}.`
}

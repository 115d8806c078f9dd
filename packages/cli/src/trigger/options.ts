import { BILLING_EVENT_TYPES, isBillingEventType } from '@kinde-billing/core'
import type { Dialect } from '@kinde-billing/testing'
import { InvalidArgumentError } from 'commander'
import { readJsonObject, readJsonObjects } from '../json-file.js'
import { UsageError } from '../usage-error.js'
import { createEvents, createEventsFromClaims, type EventClaims, toSteps } from './events.js'
import type { DeliveryOrder } from './plan.js'
import { DEFAULT_PLAN, type ScenarioName, scenarioSteps } from './scenarios.js'

/** Options that select the events. */
export interface SelectionOptions {
  readonly scenario?: ScenarioName | undefined
  /** A file of saved claims. */
  readonly claims?: string | undefined
  readonly customer?: string | undefined
  readonly plan?: string | undefined
  readonly at?: Date | undefined
  readonly count?: number | undefined
  readonly dialect?: Dialect | undefined
  /** A file with members that replace those of each event's `data`. */
  readonly data?: string | undefined
}

/** Parses `--order`. */
export function parseOrder(text: string): DeliveryOrder {
  if (text === 'forward' || text === 'reverse' || text === 'random') return text
  if (/^[1-9]\d{0,3}(?:,[1-9]\d{0,3})*$/.test(text)) return text.split(',').map(Number)
  throw new InvalidArgumentError('Pass forward, reverse, random, or positions such as 3,1,2.')
}

/**
 * Makes the events that the arguments select, in rounds.
 *
 * @throws UsageError if nothing or more than one thing is selected, or a file cannot be used
 */
export async function selectEvents(
  type: string | undefined,
  options: SelectionOptions,
  cwd: string,
): Promise<EventClaims[][]> {
  const { scenario, claims: file, plan, count = 1, customer, dialect = 'mixed' } = options
  if ([type, scenario, file].filter((one) => one !== undefined).length !== 1)
    throw new UsageError('Pass one of: an event type, all, --scenario <name>, --claims <file>.')
  const data = options.data === undefined ? {} : await readJsonObject(options.data, cwd)
  const atMs = options.at?.getTime()
  if (file !== undefined) {
    if (customer !== undefined || plan !== undefined)
      throw new UsageError('--customer and --plan do not apply to --claims. Replace members with --data.')
    return createEventsFromClaims(await readJsonObjects(file, cwd), { count, atMs, data })
  }
  const steps =
    scenario === undefined ? toSteps(findTypes(type ?? ''), plan ?? DEFAULT_PLAN) : scenarioSteps(scenario, plan)
  return createEvents(steps, { count, customer, atMs, dialect, data })
}

function findTypes(type: string): readonly string[] {
  if (type === 'all') return BILLING_EVENT_TYPES
  if (isBillingEventType(type)) return [type]
  throw new UsageError(
    `${JSON.stringify(type)} is not a billing event type. Pass all, or one of ${BILLING_EVENT_TYPES.join(', ')}.`,
  )
}

import type { BillingEventType } from '@kinde-billing/core'
import {
  assertKnownOptions,
  assertMethods,
  assertObject,
  assertType,
  invalidConfiguration,
} from '@kinde-billing/core/internal'
import { type Dialect, isDialect } from '../fixture-data.js'
import type { TestIssuer } from '../issuer.js'
import type { SimulatedClock } from './clock.js'
import type { SimulatedEndpoint } from './endpoint.js'
import type { SimulatedEvent } from './events.js'

/** Options of `simulateDeliveries`: what is delivered, and what goes wrong on the way. */
export interface SimulationOptions {
  /** Signs the events: a test issuer whose key set the application under test trusts. */
  readonly issuer: Pick<TestIssuer, 'sign'>
  /** Clock that the application's receivers use as their `now`. */
  readonly clock: SimulatedClock
  /** Events in the order in which they happen. A type alone stands for its fixture. */
  readonly events: readonly (BillingEventType | SimulatedEvent)[]
  /** Endpoints by name. Each event goes to each of them, as Kinde calls all that are subscribed. */
  readonly endpoints: { readonly [name: string]: SimulatedEndpoint }
  /** Seed of all random decisions: the same seed and the same responses give the same run. Default: 1. */
  readonly seed?: number | undefined
  /** Time from one event to the next, in milliseconds. Default: 10 s. */
  readonly spacingMs?: number | undefined
  /** Longest delay of a first attempt, in milliseconds. Each delay is random, so events overtake each other. Default: 60 s. */
  readonly reorderMs?: number | undefined
  /** Share of attempts that arrive twice, 0 to 1: half of them at the same moment. Default: 0.1. */
  readonly duplicates?: number | undefined
  /** Share of responses that never reach Kinde, 0 to 1. Kinde then tries again. Default: 0.1. */
  readonly lostAnswers?: number | undefined
  /** True if each attempt carries its own `timestamp`. It is unknown which of the two Kinde does. Default: `false`. */
  readonly renewTimestamps?: boolean | undefined
  /** Shape of the fixture data. Default: `mixed`. */
  readonly dialect?: Dialect | undefined
  /** Longest wait for a response, in real milliseconds. Default: 30 s. */
  readonly answerTimeoutMs?: number | undefined
}

/** The options with every default filled in. */
export type SimulationSettings = { readonly [Name in keyof SimulationOptions]-?: NonNullable<SimulationOptions[Name]> }

const OPTIONS: readonly (keyof SimulationOptions)[] = [
  'issuer',
  'clock',
  'events',
  'endpoints',
  'seed',
  'spacingMs',
  'reorderMs',
  'duplicates',
  'lostAnswers',
  'renewTimestamps',
  'dialect',
  'answerTimeoutMs',
]

/** Fills in the defaults and validates the numbers. */
export function resolveOptions(options: SimulationOptions): SimulationSettings {
  assertKnownOptions('simulateDeliveries', options, OPTIONS)
  const { issuer, clock, events, endpoints } = options
  const settings: SimulationSettings = {
    issuer,
    clock,
    events,
    endpoints,
    seed: options.seed ?? 1,
    spacingMs: options.spacingMs ?? 10_000,
    reorderMs: options.reorderMs ?? 60_000,
    duplicates: options.duplicates ?? 0.1,
    lostAnswers: options.lostAnswers ?? 0.1,
    renewTimestamps: options.renewTimestamps ?? false,
    dialect: options.dialect ?? 'mixed',
    answerTimeoutMs: options.answerTimeoutMs ?? 30_000,
  }
  assertParts(settings)
  for (const name of ['duplicates', 'lostAnswers'] as const)
    assertNumber(name, settings[name], 1, 'pass a share between 0 (none) and 1 (all)')
  for (const name of ['spacingMs', 'reorderMs', 'answerTimeoutMs'] as const)
    assertNumber(name, settings[name], 2 ** 31 - 1, 'pass milliseconds from 0 to 2147483647')
  if (!Number.isFinite(settings.seed)) throw invalidConfiguration('seed', settings.seed, 'pass a number')
  assertType('renewTimestamps', settings.renewTimestamps, 'boolean')
  if (!isDialect(settings.dialect))
    throw invalidConfiguration('dialect', settings.dialect, "use 'mixed', 'flat' or 'nested'")
  return settings
}

function assertParts({ issuer, clock, events, endpoints }: SimulationOptions): void {
  assertMethods('issuer', issuer, ['sign'], 'pass the result of createTestIssuer(), awaited')
  assertMethods('clock', clock, ['now', 'advanceTo'], 'pass the result of createSimulatedClock()')
  if (!Array.isArray(events)) throw invalidConfiguration('events', events, 'pass a list of event types or events')
  assertObject('endpoints', endpoints, 'pass an object with a URL or a handler for each name')
}

function assertNumber(name: string, value: unknown, max: number, fix: string): void {
  if (!(typeof value === 'number' && value >= 0 && value <= max)) throw invalidConfiguration(name, value, fix)
}

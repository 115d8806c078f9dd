import { inspect } from 'node:util'
import type { DeliveryOutcome, HandlerDelivery } from '@kinde-billing/core/receiver'
import type { ConformanceOptions, StartServer } from './adapter.js'

/** The handler of one event. */
export type Behaviour = (delivery: HandlerDelivery<unknown, undefined>) => unknown

/** A server under test, seen from both sides. */
export interface Endpoint {
  readonly url: string
  /** How many bytes the server has read, where it can tell. */
  bytesRead(): number | undefined
  /** Lets the handler do this with the event. Without it the handler does nothing, and succeeds. */
  handle(eventId: string, behaviour: Behaviour): void
  /** How often the handler has been called with the event. */
  runs(eventId: string): number
  /** The outcomes so far, the last one at the end. */
  readonly outcomes: readonly DeliveryOutcome[]
  close(): unknown
}

/** Everything that the application's hooks were called with, as text. */
export type Overheard = string[]

export async function openEndpoint(
  start: StartServer,
  overheard: Overheard,
  options: ConformanceOptions,
): Promise<Endpoint> {
  const behaviours = new Map<string, Behaviour>()
  const runs = new Map<string, number>()
  const outcomes: DeliveryOutcome[] = []
  const server = await start({
    onEvent: (event, delivery) => {
      runs.set(event.id, (runs.get(event.id) ?? 0) + 1)
      return behaviours.get(event.id)?.(delivery)
    },
    onWarning: (warning) => overheard.push(inspect(warning)),
    onOutcome: (outcome) => {
      outcomes.push(outcome)
      overheard.push(inspect(outcome, { depth: 8, showHidden: true }))
    },
    ...options,
  })
  return {
    url: server.url,
    bytesRead: () => server.bytesRead?.(),
    handle: (eventId, behaviour) => behaviours.set(eventId, behaviour),
    runs: (eventId) => runs.get(eventId) ?? 0,
    outcomes,
    close: () => server.close(),
  }
}

import { readDelivery, redeliver, requestRedelivery } from '@kinde-billing/postgres'
import type { Settings } from '../options.js'

/** The result of an action, as it is logged and shown: `waiting` if something is left to run. */
export interface ActionResult {
  readonly outcome: 'ok' | 'waiting' | 'failed'
  readonly detail: string
}

/** The browser waits: what does not run within this time runs later. */
const PATIENCE_MS = 25_000

/** Marks one delivery and, with a receiver, runs it at once. */
export async function redeliverOne(
  settings: Settings,
  eventId: string,
  form: { readonly endpoint: string | undefined; readonly reason: string; readonly evenIfDone: boolean },
): Promise<ActionResult> {
  const { pool, tables, receiver } = settings
  const table = tables.deliveries
  const { reason, evenIfDone } = form
  const before = await readDelivery(pool, eventId, { name: form.endpoint, table })
  const marked = await requestRedelivery(pool, { eventIds: [eventId] }, { reason, evenIfDone, table })
  if (before === undefined || marked === 0)
    return {
      outcome: 'failed',
      detail: 'Nothing was marked: the event is handled, or its claims are not kept any more.',
    }
  if (receiver === undefined)
    return {
      outcome: 'waiting',
      detail: 'Marked. Your application runs it with redeliver() of @kinde-billing/postgres.',
    }
  if (receiver.name !== before.name)
    return {
      outcome: 'waiting',
      detail: `Marked. This console runs the endpoint "${receiver.name}"; the process of "${before.name}" runs this event.`,
    }
  const outcomes = await runMarked(settings, (id) => id === eventId)
  const after = await readDelivery(pool, eventId, { name: before.name, table })
  switch (outcomes.get(eventId)) {
    case 'processed':
      return { outcome: 'ok', detail: 'The handler ran and succeeded.' }
    case 'duplicate':
      return { outcome: 'ok', detail: 'Another attempt has just handled it. The handler did not run again.' }
    case 'discarded':
      return { outcome: 'ok', detail: 'The handler ran and discarded the event.' }
    case undefined:
      return {
        outcome: 'waiting',
        detail: 'Marked. It has not run yet: an earlier event of this customer goes first, or a handler takes long.',
      }
    case 'delivery_in_progress':
      return {
        outcome: 'waiting',
        detail: 'Another attempt is running at this moment. It is tried again if that one fails.',
      }
    case 'ignored':
      return { outcome: 'failed', detail: 'The receiver has no handler for this type of event. Nothing ran.' }
    default: {
      const error = after?.lastError
      const reasonLine = error === undefined ? `Outcome: ${outcomes.get(eventId)}.` : `${error.code}: ${error.message}`
      return { outcome: 'failed', detail: `The handler failed. It is tried again later.\n${reasonLine}` }
    }
  }
}

/** Marks everything that has failed and, with a receiver, runs as much of it as the browser can wait for. */
export async function redeliverFailed(settings: Settings, reason: string): Promise<ActionResult> {
  const { pool, tables, receiver } = settings
  const count = await requestRedelivery(pool, { status: 'failed' }, { reason, table: tables.deliveries })
  const events = count === 1 ? 'One event' : `${count.toLocaleString('en')} events`
  if (count === 0) return { outcome: 'failed', detail: 'Nothing was marked: no failed delivery has its claims kept.' }
  if (receiver === undefined)
    return {
      outcome: 'waiting',
      detail: `${events} marked. Your application runs them with redeliver() of @kinde-billing/postgres.`,
    }
  const outcomes = [...(await runMarked(settings, () => false)).values()]
  const done = outcomes.filter((outcome) => ['processed', 'discarded', 'duplicate'].includes(outcome)).length
  const failed = outcomes.length - done
  const sentence = `${events} marked, ${done} handled${failed > 0 ? `, ${failed} failed again` : ''}.`
  return done === count
    ? { outcome: 'ok', detail: sentence }
    : { outcome: failed > 0 ? 'failed' : 'waiting', detail: `${sentence} What is left stays marked.` }
}

/** Runs what is marked, oldest first, until the time is over or `isLast` says so. Returns the outcomes by event. */
async function runMarked(
  { pool, tables, receiver, context }: Settings,
  isLast: (eventId: string) => boolean,
): Promise<Map<string, string>> {
  const outcomes = new Map<string, string>()
  if (receiver === undefined) return outcomes
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(), PATIENCE_MS)
  try {
    await redeliver(pool, receiver, {
      table: tables.deliveries,
      // One connection for the handler and one to look, so that the smallest pool is enough.
      concurrency: 1,
      perSecond: 200,
      context,
      signal: stop.signal,
      onProgress({ eventId, outcome }) {
        outcomes.set(eventId, outcome)
        if (isLast(eventId)) stop.abort()
      },
    })
  } finally {
    clearTimeout(timer)
  }
  return outcomes
}

import { judgeWindow, occurredAt, readEnvelope } from '../claims.js'
import type { DataSchemas } from '../data-schemas.js'
import { asKindeWebhookError, type UnsupportedEventError } from '../errors.js'
import type { BillingEvent } from '../events.js'
import type { VerifierSettings } from '../settings.js'
import type { Verdict } from './answer.js'
import { ledgerOf } from './bindings.js'
import type { DiscardEvent, LedgerDelivery } from './ledger.js'
import type { BillingHandler, BillingHandlers, BillingReceiverOptions, ReceiverSettings } from './options.js'
import type { Delivery, HandlerDelivery } from './request.js'
import { type Handle, type RunOutcome, runOnce, type Stop } from './run-once.js'

/** What became of a delivery. */
export type Result<Schemas extends DataSchemas> = Verdict & {
  readonly event?: BillingEvent<Schemas>
  readonly discarded?: DiscardEvent
}

/** Hands a verified event to the application's handlers, once. */
export interface Handling<Context, Schemas extends DataSchemas> {
  handleEvent(issuer: string, event: BillingEvent<Schemas>, delivery: Delivery<Context>): Promise<Result<Schemas>>
  handleUnsupported(issuer: string, error: UnsupportedEventError, delivery: Delivery<Context>): Promise<Result<Schemas>>
}

export function createHandling<Context, Scope, Schemas extends DataSchemas>(
  { onEvent, onUnsupportedEvent }: BillingReceiverOptions<Context, Scope, Schemas>,
  settings: ReceiverSettings<Context, Scope, Schemas>,
): Handling<Context, Schemas> {
  const run = (
    issuer: string,
    event: Pick<LedgerDelivery, 'eventId' | 'type' | 'occurredAt'>,
    { context }: Delivery<Context>,
    handle: Handle<Scope>,
  ): Promise<RunOutcome> => {
    const { name, leaseMs, rememberMs } = settings
    const key = `${issuer} ${name} ${event.eventId}`
    return runOnce(ledgerOf(settings, context), { key, ...event, leaseMs, rememberMs }, handle, settings)
  }

  return {
    async handleEvent(issuer, event, delivery) {
      const handler = handlerOf(settings.on, event)
      if (onEvent === undefined && handler === undefined) return { outcome: 'ignored', event }
      const { id: eventId, type, occurredAt } = event
      try {
        const outcome = await run(issuer, { eventId, type, occurredAt }, delivery, async (scope, stop) => {
          await onEvent?.(event, forHandlers(delivery, scope, stop))
          if (handler === undefined) return
          // both are one unit of work: an attempt whose lease is lost must not begin the other half
          stop.lease.throwIfAborted()
          await handler(event, forHandlers(delivery, scope, stop))
        })
        return { event, ...outcome }
      } catch (error) {
        return { error: asKindeWebhookError(error), event }
      }
    },

    async handleUnsupported(issuer, error, delivery) {
      const entry = onUnsupportedEvent && ledgerEntry(error, settings.verifier)
      if (entry === undefined) return { outcome: 'unsupported', error }
      const result = await run(issuer, entry, delivery, async (scope, stop) => {
        await onUnsupportedEvent?.(error, forHandlers(delivery, scope, stop))
      })
      return result.outcome === 'processed' ? { outcome: 'unsupported', error } : result
    },
  }
}

function forHandlers<Context, Scope>(
  { webhookId, receivedAt, context }: Delivery<Context>,
  scope: Scope,
  stop: Stop,
): HandlerDelivery<Context, Scope> {
  let own: AbortSignal | undefined
  return {
    webhookId,
    receivedAt,
    context,
    scope,
    get signal() {
      return own ?? stop.signal()
    },
    // as open to a wrapper of handlers as the other members
    set signal(signal) {
      own = signal
    },
  }
}

/** The handler of the event's own type: each of the map takes the event of its key, which the map's type cannot say of all. */
function handlerOf<Context, Scope, Schemas extends DataSchemas>(
  on: BillingHandlers<Context, Scope, Schemas>,
  event: BillingEvent<Schemas>,
): BillingHandler<BillingEvent<Schemas>, Context, Scope> | undefined {
  return Object.hasOwn(on, event.type)
    ? (on[event.type] as BillingHandler<BillingEvent<Schemas>, Context, Scope>)
    : undefined
}

/** What a ledger needs to know of an event of another type, where it has an id, and a time inside the window. */
function ledgerEntry(
  { claims, type }: UnsupportedEventError,
  { now, replayWindowMs, clockToleranceMs }: VerifierSettings,
): Pick<LedgerDelivery, 'eventId' | 'type' | 'occurredAt'> | undefined {
  try {
    const envelope = readEnvelope(claims)
    judgeWindow(envelope.timestamp, now(), replayWindowMs, clockToleranceMs)
    return { eventId: envelope.id, type, occurredAt: occurredAt(claims, envelope) }
  } catch {
    return undefined
  }
}

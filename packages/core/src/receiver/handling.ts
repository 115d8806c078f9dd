import { judgeWindow, occurredAt, readEnvelope } from '../claims.js'
import type { DataSchemas } from '../data-schemas.js'
import { asKindeWebhookError, type UnsupportedEventError } from '../errors.js'
import type { BillingEvent } from '../events.js'
import type { VerifierSettings } from '../settings.js'
import type { Verdict } from './answer.js'
import { inboxOf } from './bindings.js'
import type { DiscardEvent, InboxDelivery } from './inbox.js'
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

export function createHandling<Context, Tx, Schemas extends DataSchemas>(
  { onEvent, onOtherEvent }: BillingReceiverOptions<Context, Tx, Schemas>,
  settings: ReceiverSettings<Context, Tx, Schemas>,
): Handling<Context, Schemas> {
  const run = (
    issuer: string,
    event: Pick<InboxDelivery, 'eventId' | 'type' | 'occurredAt' | 'customer' | 'claims'>,
    { context }: Delivery<Context>,
    handle: Handle<Tx>,
  ): Promise<RunOutcome> => {
    const { name, leaseMs, retentionMs } = settings
    const key = `${issuer} ${name} ${event.eventId}`
    return runOnce(
      inboxOf(settings, context),
      { key, ...event, leaseMs, retentionMs, redelivery: false, answered: new AbortController().signal },
      handle,
      settings,
    )
  }

  return {
    async handleEvent(issuer, event, delivery) {
      const handler = handlerOf(settings.on, event)
      if (onEvent === undefined && handler === undefined) return { outcome: 'ignored', event }
      const { id: eventId, type, occurredAt, claims } = event
      const customer = event.customer.id ?? event.customer.orgCode ?? event.customer.userId
      try {
        const outcome = await run(
          issuer,
          { eventId, type, occurredAt, customer, claims },
          delivery,
          async (tx, stop) => {
            await onEvent?.(event, forHandlers(delivery, tx, stop))
            if (handler === undefined) return
            // both are one unit of work: an attempt whose lease is lost must not begin the other half
            stop.lease.throwIfAborted()
            await handler(event, forHandlers(delivery, tx, stop))
          },
        )
        return { event, ...outcome }
      } catch (error) {
        return { error: asKindeWebhookError(error), event }
      }
    },

    async handleUnsupported(issuer, error, delivery) {
      const entry = onOtherEvent && inboxEntry(error, settings.verifier)
      if (entry === undefined) return { outcome: 'unsupported', error }
      const result = await run(issuer, entry, delivery, async (tx, stop) => {
        await onOtherEvent?.(error, forHandlers(delivery, tx, stop))
      })
      return result.outcome === 'processed' ? { outcome: 'unsupported', error } : result
    },
  }
}

function forHandlers<Context, Tx>(
  { webhookId, receivedAt, context }: Delivery<Context>,
  tx: Tx,
  stop: Stop,
): HandlerDelivery<Context, Tx> {
  let own: AbortSignal | undefined
  return {
    webhookId,
    receivedAt,
    context,
    tx,
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
function handlerOf<Context, Tx, Schemas extends DataSchemas>(
  on: BillingHandlers<Context, Tx, Schemas>,
  event: BillingEvent<Schemas>,
): BillingHandler<BillingEvent<Schemas>, Context, Tx> | undefined {
  return Object.hasOwn(on, event.type)
    ? (on[event.type] as BillingHandler<BillingEvent<Schemas>, Context, Tx>)
    : undefined
}

/** What an inbox needs to know of an event of another type, where it has an id, and a time inside the window. */
function inboxEntry(
  { claims, type }: UnsupportedEventError,
  { now, replayWindowMs, clockToleranceMs }: VerifierSettings,
): Pick<InboxDelivery, 'eventId' | 'type' | 'occurredAt' | 'customer' | 'claims'> | undefined {
  try {
    const envelope = readEnvelope(claims)
    judgeWindow(envelope.timestamp, now(), replayWindowMs, clockToleranceMs)
    return { eventId: envelope.id, type, occurredAt: occurredAt(claims, envelope), customer: undefined, claims }
  } catch {
    return undefined
  }
}

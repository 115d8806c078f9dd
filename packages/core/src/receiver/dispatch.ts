import { KindeWebhookError, toKindeWebhookError, type UnsupportedEventError } from '../errors.js'
import type { OtherEvent } from '../event-types.js'
import type { BillingEvent } from '../events.js'
import { type BillingLog, docsUrl } from '../log.js'
import { applySchema, type DataSchemas } from '../standard-schema.js'
import { withTimeout } from '../with-timeout.js'
import { type DeliveryInbox, DiscardEvent, type InboxDelivery } from './inbox.js'
import {
  type BillingHandler,
  type BillingHandlers,
  type BillingReceiverOptions,
  getInbox,
  type ReceiverSettings,
} from './options.js'
import type { Delivery, HandlerDelivery, Platform } from './request.js'
import { logOutcome, type Result } from './response.js'
import { runOnce, type WorkSignals } from './run-once.js'

/** The circumstances of a verified event. */
export interface Arrival<Context> {
  readonly issuer: string
  readonly delivery: Delivery<Context>
  /** Set if stored claims run again. */
  readonly redelivery?: { readonly reason: string | undefined } | undefined
  readonly log: BillingLog
  readonly platform?: Platform | undefined
}

type Fields = Pick<InboxDelivery, 'eventId' | 'type' | 'occurredAt' | 'customer' | 'claims'>

/** Runs the application's handlers for verified events, once each. Rejects with nothing but a KindeWebhookError. */
export function createDispatcher<Context, Tx, Schemas extends DataSchemas>(
  { on = {}, onEvent, onOtherEvent }: BillingReceiverOptions<Context, Tx, Schemas>,
  settings: ReceiverSettings<Context, Tx>,
) {
  const ignoredTypes = new Set<string>()

  const toInboxDelivery = (fields: Fields, { issuer, redelivery }: Arrival<Context>) => ({
    ...fields,
    key: `${issuer} ${settings.name} ${fields.eventId}`,
    leaseMs: settings.leaseMs,
    retentionMs: settings.retentionMs,
    redelivery: redelivery !== undefined,
  })

  const run = async (
    fields: Fields,
    arrival: Arrival<Context>,
    handle: (delivery: HandlerDelivery<Context, Tx>, lease: AbortSignal) => Promise<void>,
  ): Promise<Pick<Result<Schemas>, 'outcome' | 'discarded' | 'error'>> => {
    try {
      const outcome = await runOnce({
        inbox: getInbox(settings, arrival.delivery.context),
        delivery: toInboxDelivery(fields, arrival),
        work: (tx, signals) => handle(createHandlerDelivery(arrival, tx, signals), signals.lease),
        settings,
        platform: arrival.platform,
      })
      return outcome instanceof DiscardEvent ? { outcome: 'discarded', discarded: outcome } : { outcome }
    } catch (thrown) {
      const error = toKindeWebhookError(thrown)
      return { outcome: error.code, error }
    }
  }

  /** An event that fails its schema never reaches the inbox's `once`, so the inbox is told here. */
  const recordFailure = async (fields: Fields, arrival: Arrival<Context>, error: KindeWebhookError): Promise<void> => {
    const { eventId, type } = fields
    const { inboxTimeoutMs } = settings
    try {
      const inbox: DeliveryInbox<Tx> = getInbox(settings, arrival.delivery.context)
      const failed = { ...toInboxDelivery(fields, arrival), answered: new AbortController().signal }
      await withTimeout(Promise.resolve(inbox.recordFailure?.(failed, error)), inboxTimeoutMs, () => {
        throw new Error(`timed out after ${inboxTimeoutMs} ms`)
      })
    } catch (cause) {
      const outcome = 'inbox_unavailable'
      const failure = new KindeWebhookError(outcome, 'The inbox could not record a failed event.', { cause })
      logOutcome({ outcome, status: error.status, error: failure, eventId, type }, arrival.log, settings.shouldLog)
    }
  }

  const warnOfIgnored = (type: string, log: BillingLog): void => {
    if (ignoredTypes.has(type)) return
    ignoredTypes.add(type)
    log.warn(
      `[kinde-billing] ignored: ${type} has no handler, so its events are acknowledged and not handled. Add on['${type}'] or onEvent if you need them. ${docsUrl('ignored')}`,
      { code: 'ignored', type },
    )
  }

  return {
    async dispatchEvent(raw: BillingEvent, arrival: Arrival<Context>): Promise<Result<Schemas>> {
      const { id, orgCode, userId } = raw.customer
      const fields = toFields(raw, id ?? orgCode ?? userId)
      const identity = { eventId: raw.id, type: raw.type }
      let event: BillingEvent<Schemas>
      try {
        // `Schemas` describes the outputs of the schemas in the settings.
        event = (await applySchema(raw, settings.verifier.dataSchemas)) as BillingEvent<Schemas>
      } catch (thrown) {
        const error = toKindeWebhookError(thrown)
        await recordFailure(fields, arrival, error)
        return { outcome: error.code, error, ...identity }
      }
      const handler = findHandler(on, event)
      if (onEvent === undefined && handler === undefined) {
        warnOfIgnored(event.type, arrival.log)
        return { outcome: 'ignored', event, ...identity }
      }
      const result = await run(fields, arrival, async (delivery, lease) => {
        await onEvent?.(event, delivery)
        if (handler === undefined) return
        // Both are one unit of work: an attempt that has lost its lease must not start the other half.
        lease.throwIfAborted()
        await handler(event, delivery)
      })
      return { event, ...identity, ...result }
    },

    async dispatchOther(error: UnsupportedEventError, arrival: Arrival<Context>): Promise<Result<Schemas>> {
      const { event: otherEvent, id: eventId, type } = error
      if (onOtherEvent === undefined || otherEvent === undefined)
        return { outcome: 'unsupported', error, eventId, type }
      const fields = toFields(otherEvent, undefined)
      const result = await run(fields, arrival, async (delivery) => void (await onOtherEvent(otherEvent, delivery)))
      return { otherEvent, eventId, type, ...result }
    },
  }
}

function createHandlerDelivery<Context, Tx>(
  { delivery: { webhookId, receivedAt, context }, redelivery }: Arrival<Context>,
  tx: Tx,
  signals: WorkSignals,
): HandlerDelivery<Context, Tx> {
  return {
    webhookId,
    receivedAt,
    context,
    tx,
    redelivery,
    // Most handlers never read it. An AbortController takes 1.9 µs more (2026-11-25, packages/benchmarks/src/tricks.ts).
    get signal() {
      return signals.signal()
    },
  }
}

/** The handler of the event's own type. Each takes the event of its key, which the type of the map cannot say of all. */
function findHandler<Context, Tx, Schemas extends DataSchemas>(
  on: BillingHandlers<Context, Tx, Schemas>,
  event: BillingEvent<Schemas>,
): BillingHandler<BillingEvent<Schemas>, Context, Tx> | undefined {
  return Object.hasOwn(on, event.type)
    ? (on[event.type] as BillingHandler<BillingEvent<Schemas>, Context, Tx>)
    : undefined
}

function toFields({ id, type, occurredAt, claims }: BillingEvent | OtherEvent, customer: string | undefined): Fields {
  return { eventId: id, type, occurredAt, claims, customer }
}

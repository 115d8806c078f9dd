import {
  isUnsupportedEventError,
  KindeWebhookError,
  toKindeWebhookError,
  type UnsupportedEventError,
} from '../errors.js'
import type { OtherEvent } from '../event-types.js'
import type { BillingEvent } from '../events.js'
import { getOwn } from '../json.js'
import { type BillingLog, docsUrl } from '../log.js'
import { applySchema, type DataSchemas } from '../standard-schema.js'
import { assertBegun } from '../validate.js'
import { withTimeout } from '../with-timeout.js'
import { DiscardEvent, type InboxDelivery } from './inbox.js'
import { type BillingHandler, type BillingReceiverOptions, getInbox, type ReceiverSettings } from './options.js'
import type { Delivery, HandlerDelivery, Platform } from './request.js'
import { type Facts, logOutcome, type Result } from './response.js'
import { runOnce } from './run-once.js'

/** The circumstances of a verified event. */
export interface Arrival<Context, Schemas extends DataSchemas> {
  readonly issuer: string
  readonly delivery: Delivery<Context>
  /** Set if stored claims run again. */
  readonly redelivery?: { readonly reason: string | undefined } | undefined
  /** Filled in while the event is handled, so that a failure is reported with everything known by then. */
  readonly facts: Facts<Schemas>
  readonly log: BillingLog
  readonly platform?: Platform | undefined
}

/**
 * Creates the function that runs the application's handlers for a verified event, once. It rejects with the error of the
 * event, its schema or the run.
 */
export function createDispatch<Context, Tx, Schemas extends DataSchemas>(
  { on = {}, onEvent, onOtherEvent }: BillingReceiverOptions<Context, Tx, Schemas>,
  settings: ReceiverSettings<Context, Tx>,
): (verified: Promise<BillingEvent>, arrival: Arrival<Context, Schemas>) => Promise<Result<Schemas>['outcome']> {
  type Entry = Omit<InboxDelivery, 'answered'>
  const { leaseMs, retentionMs, inboxTimeoutMs, shouldLog } = settings
  const ignoredTypes = new Set<string>()

  const toEntry = (
    event: BillingEvent | OtherEvent,
    customer: string | undefined,
    arrival: Arrival<Context, Schemas>,
  ): Entry => {
    const { id: eventId, type, occurredAt, claims } = event
    const key = `${arrival.issuer} ${settings.name} ${eventId}`
    const redelivery = arrival.redelivery !== undefined
    return { key, eventId, type, occurredAt, customer, claims, leaseMs, retentionMs, redelivery }
  }

  const run = async (
    entry: Entry,
    { delivery, redelivery, platform, facts }: Arrival<Context, Schemas>,
    handle: (delivery: HandlerDelivery<Context, Tx>, lease: AbortSignal) => Promise<unknown>,
  ) => {
    const outcome = await runOnce<Tx>({
      inbox: getInbox(settings, delivery.context),
      delivery: entry,
      work: (tx, lease, getSignal) =>
        handle(
          {
            ...delivery,
            tx,
            redelivery,
            // Most handlers never read it. An AbortController takes 1.9 µs more (2026-11-25, packages/benchmarks/src/tricks.ts).
            get signal() {
              return getSignal()
            },
          },
          lease,
        ),
      settings,
      platform,
    })
    if (!(outcome instanceof DiscardEvent)) return outcome
    facts.discarded = outcome
    return 'discarded'
  }

  /** An event that fails its schema never reaches the inbox's `once`, so the inbox is told here. */
  const recordFailure = async (
    entry: Entry,
    { delivery, facts, log }: Arrival<Context, Schemas>,
    error: KindeWebhookError,
  ): Promise<void> => {
    try {
      const failed = { ...entry, answered: new AbortController().signal }
      const recorded = Promise.resolve(getInbox(settings, delivery.context).recordFailure?.(failed, error))
      await withTimeout(recorded, inboxTimeoutMs, () => {
        throw new Error(`timed out after ${inboxTimeoutMs} ms`)
      })
    } catch (cause) {
      const message = 'The inbox could not record a failed event.'
      const failure = new KindeWebhookError('inbox_unavailable', message, { cause })
      logOutcome({ ...facts, outcome: failure.code, status: error.status, error: failure }, log, shouldLog)
    }
  }

  const ignore = (type: string, log: BillingLog): 'ignored' => {
    const line = `[kinde-billing] ignored: ${type} has no handler, so its events are acknowledged and not handled. Add on['${type}'] or onEvent if you need them. ${docsUrl('ignored')}`
    if (!ignoredTypes.has(type)) log.warn(line, { code: 'ignored', type })
    ignoredTypes.add(type)
    return 'ignored'
  }

  const dispatchEvent = async (raw: BillingEvent, arrival: Arrival<Context, Schemas>) => {
    const { id, orgCode, userId } = raw.customer
    const entry = toEntry(raw, id ?? orgCode ?? userId, arrival)
    Object.assign(arrival.facts, { eventId: raw.id, type: raw.type })
    // `Schemas` describes the outputs of the schemas in the settings.
    const applied = applySchema(raw, settings.verifier.dataSchemas) as Promise<BillingEvent<Schemas>>
    const event = await applied.catch(async (error: unknown) => {
      await recordFailure(entry, arrival, toKindeWebhookError(error))
      throw error
    })
    arrival.facts.event = event
    // Each handler takes the event of its key, which the type of `on` cannot say of all.
    const handler = getOwn(on, event.type) as BillingHandler<BillingEvent<Schemas>, Context, Tx> | undefined
    if (onEvent === undefined && handler === undefined) return ignore(event.type, arrival.log)
    return run(entry, arrival, async (delivery, lease) => {
      assertBegun(event.type, await onEvent?.(event, delivery))
      if (handler === undefined) return
      // Both are one unit of work: an attempt that has lost its lease must not start the other half.
      lease.throwIfAborted()
      assertBegun(event.type, await handler(event, delivery))
    })
  }

  const dispatchOther = (error: UnsupportedEventError, arrival: Arrival<Context, Schemas>) => {
    const { event, id: eventId, type } = error
    Object.assign(arrival.facts, { eventId, type })
    if (onOtherEvent === undefined || event === undefined) {
      arrival.facts.error = error
      return 'unsupported'
    }
    arrival.facts.otherEvent = event
    return run(toEntry(event, undefined, arrival), arrival, async (delivery) =>
      assertBegun(type, await onOtherEvent(event, delivery)),
    )
  }

  return (verified, arrival) =>
    verified.then(
      (event) => dispatchEvent(event, arrival),
      (error: unknown) => {
        if (isUnsupportedEventError(error)) return dispatchOther(error, arrival)
        throw error
      },
    )
}

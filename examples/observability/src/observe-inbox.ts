import { isBillingEventType } from '@kinde-billing/core'
import { type DeliveryInbox, DiscardEvent, type InboxDelivery } from '@kinde-billing/core/receiver'
import { type Histogram, type Meter, type Span, SpanKind, SpanStatusCode, type Tracer } from '@opentelemetry/api'

/** The destinations of spans and durations, and the endpoint's name. */
export interface InboxObservers {
  readonly tracer: Tracer
  readonly meter: Meter
  /** The receiver's `name`. */
  readonly destination: string
}

/** The bounds that the messaging conventions advise, in seconds. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

/**
 * Wraps an inbox, so that each run of the handlers has a consumer span and a duration, after OpenTelemetry's conventions
 * for messaging. Spans that your handlers start are its children. Duplicates run no handler and have no span.
 */
export function observeInbox<Tx>(
  inbox: DeliveryInbox<Tx>,
  { tracer, meter, destination }: InboxObservers,
): DeliveryInbox<Tx> {
  const durations = meter.createHistogram('messaging.process.duration', {
    description: 'Duration of the handlers',
    unit: 's',
    advice: { explicitBucketBoundaries: BOUNDS },
  })
  return {
    once: (delivery, work) =>
      inbox.once(delivery, (tx, signal) =>
        runInSpan(delivery, () => work(tx, signal), { tracer, durations, destination }),
      ),
    ...(inbox.recordFailure === undefined ? {} : { recordFailure: inbox.recordFailure.bind(inbox) }),
  }
}

interface Run {
  readonly tracer: Tracer
  readonly durations: Histogram
  readonly destination: string
}

function runInSpan(
  { eventId, type, redelivery }: InboxDelivery,
  work: () => Promise<void>,
  { tracer, durations, destination }: Run,
): Promise<void> {
  const common = {
    'messaging.system': 'kinde',
    'messaging.operation.name': 'process',
    'messaging.destination.name': destination,
    // an open list only if the webhook is subscribed to other events too
    'kinde.event.type': isBillingEventType(type) ? type : 'other',
  }
  const attributes = {
    ...common,
    'messaging.operation.type': 'process',
    'messaging.message.id': eventId,
    'kinde.redelivery': redelivery,
  }
  return tracer.startActiveSpan(`process ${destination}`, { kind: SpanKind.CONSUMER, attributes }, async (span) => {
    const startedAt = performance.now()
    let failure: { readonly 'error.type'?: string } = {}
    try {
      await work()
    } catch (error) {
      failure = recordError(span, error)
      throw error
    } finally {
      durations.record((performance.now() - startedAt) / 1000, { ...common, ...failure })
      span.end()
    }
  })
}

/** A discarded event is not a failure: it is acknowledged. */
function recordError(span: Span, error: unknown): { readonly 'error.type'?: string } {
  if (error instanceof DiscardEvent) {
    span.setAttribute('kinde.discarded', true)
    return {}
  }
  const failure = { 'error.type': error instanceof Error ? error.name : '_OTHER' }
  span.setAttributes(failure).setStatus({ code: SpanStatusCode.ERROR })
  if (error instanceof Error) span.recordException(error)
  return failure
}

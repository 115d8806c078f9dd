import type { Delivery, DeliveryOutcome } from '@kinde-billing/core/receiver'
import type { Meter } from '@opentelemetry/api'
import type { Logger } from 'pino'

/** The destinations of a report. */
export interface OutcomeObservers {
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
  readonly meter: Meter
}

/**
 * Creates an `onOutcome` that reports one log line and one count per request, by event type and outcome, and when Kinde
 * last delivered something. It reports nothing of the token or of `data`.
 */
export function observeOutcomes({
  log,
  meter,
}: OutcomeObservers): (outcome: DeliveryOutcome, delivery: Delivery<unknown>) => void {
  const deliveries = meter.createCounter('kinde_billing.deliveries', { description: 'Requests, by type and outcome' })
  const lastDelivery = meter.createGauge('kinde_billing.last_delivery.timestamp_seconds', {
    description: 'Time of the last authentic delivery, in seconds since 1970',
    unit: 's',
  })
  return (result, delivery) => {
    const { outcome } = result
    deliveries.add(1, { 'kinde.event.type': findType(result), 'kinde.delivery.outcome': outcome })
    // an event was verified: it is from Kinde, whatever became of it
    if (result.type !== undefined) lastDelivery.record(delivery.receivedAt.getTime() / 1000)
    log[findLevel(result)](toLine(result, delivery), `kinde billing: ${outcome}`)
  }
}

/** The event type, or one word for everything else, so that nonsense from outside creates no new series. */
function findType({ event, type }: DeliveryOutcome): string {
  return event?.type ?? (type === undefined ? 'unknown' : 'other')
}

/** 5xx is for you to fix; 4xx is mostly noise from the internet. */
function findLevel({ outcome, status }: DeliveryOutcome): 'info' | 'warn' | 'error' {
  if (status >= 500) return 'error'
  return status !== 200 || outcome === 'ignored' || outcome === 'discarded' ? 'warn' : 'info'
}

function toLine(
  { outcome, status, type, eventId, error, discarded, durationMs }: DeliveryOutcome,
  delivery: Delivery<unknown>,
) {
  return {
    outcome,
    status,
    durationMs: Math.round(durationMs),
    eventType: type,
    eventId,
    webhookId: delivery.webhookId,
    reason: discarded?.message ?? error?.message,
    issues: error?.issues.length ? error.issues : undefined,
    // thrown by a handler, or by the inbox's store
    err: error?.cause,
  }
}

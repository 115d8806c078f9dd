import type { Delivery, DeliveryOutcome } from '@kinde-billing/core/receiver'
import { type Meter, SpanStatusCode, type Tracer } from '@opentelemetry/api'
import type { Logger } from 'pino'

/** The destinations of a report. */
export interface Observers {
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
  readonly meter: Meter
  readonly tracer: Tracer
}

/**
 * Creates an `onOutcome` that reports one log line, one count, one duration and one span per request, by event type and
 * outcome. It reports nothing of the token or of `data`.
 */
export function observeOutcomes({
  log,
  meter,
  tracer,
}: Observers): (outcome: DeliveryOutcome, delivery: Delivery<unknown>) => void {
  const deliveries = meter.createCounter('kinde_billing.deliveries', { description: 'Requests, by type and outcome' })
  const durations = meter.createHistogram('kinde_billing.delivery.duration', {
    description: 'From the request to the response',
    unit: 'ms',
  })
  return (result, delivery) => {
    const { outcome, status, durationMs } = result
    const attributes = { 'kinde.event.type': typeOf(result), 'kinde.delivery.outcome': outcome }
    deliveries.add(1, attributes)
    durations.record(durationMs, attributes)

    const startTime = delivery.receivedAt
    const span = tracer.startSpan('kinde_billing.delivery', {
      startTime,
      attributes: { ...attributes, 'http.response.status_code': status },
    })
    if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR, message: outcome })
    span.end(startTime.getTime() + durationMs)

    log[levelOf(result)](lineOf(result, delivery), `kinde billing: ${outcome}`)
  }
}

/** The event type, or one word for everything else, so that nonsense from outside creates no new series. */
function typeOf({ event, outcome }: DeliveryOutcome): string {
  return event?.type ?? (outcome === 'unsupported' ? 'other' : 'unknown')
}

/** 5xx is for you to fix; 4xx is mostly noise from the internet. */
function levelOf({ outcome, status }: DeliveryOutcome): 'info' | 'warn' | 'error' {
  if (status >= 500) return 'error'
  return status !== 200 || outcome === 'ignored' || outcome === 'discarded' ? 'warn' : 'info'
}

function lineOf(
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

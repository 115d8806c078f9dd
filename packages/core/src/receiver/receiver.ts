import { readBody } from '../body.js'
import { judgeWindow, readEnvelope } from '../claims.js'
import type { DataSchemas, NoSchemas } from '../data-schemas.js'
import {
  isKindeWebhookError,
  isUnsupportedEventError,
  KindeWebhookError,
  type UnsupportedEventError,
} from '../errors.js'
import type { BillingEvent } from '../events.js'
import { callHook } from '../warnings.js'
import { answer, logFailure, type Verdict } from './answer.js'
import { ledgerOf, verifiers } from './bindings.js'
import type { DiscardEvent, LedgerDelivery } from './ledger.js'
import {
  type BillingHandler,
  type BillingHandlers,
  type BillingReceiverOptions,
  judgeReceiverOptions,
} from './options.js'
import { type Delivery, type DeliveryRequest, type DeliveryResponse, judgeRequest, readWebhookId } from './request.js'
import { type RunOutcome, runOnce } from './run-once.js'

type Result<Schemas extends DataSchemas> = Verdict & {
  readonly event?: BillingEvent<Schemas>
  readonly discarded?: DiscardEvent
}

/** Receives deliveries: what an adapter calls. */
export interface BillingReceiver<Context> {
  /** Never throws and never hangs: whatever happens becomes an answer. */
  receive(request: DeliveryRequest<Context>): Promise<DeliveryResponse>
}

/**
 * Creates a receiver: every rule between a request and its answer, for any framework.
 *
 * @throws KindeWebhookError `invalid_configuration`, naming the option and the mend
 *
 * @example
 * ```ts
 * import { createBillingReceiver } from '@kinde-billing/core/receiver'
 *
 * const receiver = createBillingReceiver({
 *   issuer: 'https://acme.kinde.com',
 *   on: {
 *     'customer.payment_failed': (event) => console.log('ask for another card', event.customer.id),
 *   },
 * })
 *
 * export async function handle(request: Request): Promise<Response> {
 *   const { status, headers, body } = await receiver.receive({
 *     method: request.method,
 *     header: (name) => request.headers.get(name) ?? undefined,
 *     body: () => request.body,
 *     context: undefined,
 *   })
 *   return new Response(body, { status, headers })
 * }
 * ```
 */
export function createBillingReceiver<
  Context = unknown,
  Scope = undefined,
  const Schemas extends DataSchemas = NoSchemas,
>(options: BillingReceiverOptions<Context, Scope, Schemas>): BillingReceiver<Context> {
  const settings = judgeReceiverOptions(options)
  const { onEvent, onUnsupportedEvent, onOutcome } = options
  const { now, onWarning, maxTokenBytes, replayWindowMs, clockToleranceMs } = settings.verifier
  const verifierOf = verifiers<Context, Schemas>(settings)
  const runSettings = {
    handlerTimeoutMs: settings.handlerTimeoutMs,
    ledgerTimeoutMs: settings.ledgerTimeoutMs,
    now,
    onWarning: (warning: Parameters<typeof onWarning>[0]) => callHook('onWarning', () => onWarning(warning)),
  }

  const run = (
    issuer: string,
    event: Pick<LedgerDelivery, 'eventId' | 'type' | 'occurredAt'>,
    delivery: Delivery<Context>,
    handle: (scope: Scope, signal: AbortSignal) => Promise<void>,
  ): Promise<RunOutcome> =>
    runOnce(
      ledgerOf(settings, delivery.context),
      {
        key: `${issuer} ${settings.name} ${event.eventId}`,
        ...event,
        leaseMs: settings.leaseMs,
        rememberMs: settings.rememberMs,
      },
      handle,
      runSettings,
    )

  const handleEvent = async (
    issuer: string,
    event: BillingEvent<Schemas>,
    delivery: Delivery<Context>,
  ): Promise<Result<Schemas>> => {
    const handler = handlerOf(settings.on, event)
    if (onEvent === undefined && handler === undefined) return { outcome: 'ignored', event }
    try {
      const { id: eventId, type, occurredAt } = event
      const outcome = await run(issuer, { eventId, type, occurredAt }, delivery, async (scope, signal) => {
        await onEvent?.(event, { ...delivery, scope, signal })
        await handler?.(event, { ...delivery, scope, signal })
      })
      return { ...outcome, event }
    } catch (error) {
      return { ...failed(error), event }
    }
  }

  const handleUnsupported = async (
    issuer: string,
    error: UnsupportedEventError,
    delivery: Delivery<Context>,
  ): Promise<Result<Schemas>> => {
    const envelope = onUnsupportedEvent && usableEnvelope(error, now(), replayWindowMs, clockToleranceMs)
    if (envelope === undefined) return { outcome: 'unsupported', error }
    const { id: eventId, timestamp: occurredAt } = envelope
    const outcome = await run(issuer, { eventId, type: error.type, occurredAt }, delivery, async (scope, signal) => {
      await onUnsupportedEvent?.(error, { ...delivery, scope, signal })
    })
    return outcome.outcome === 'processed' ? { outcome: 'unsupported', error } : outcome
  }

  const settle = async (request: DeliveryRequest<Context>, delivery: Delivery<Context>): Promise<Result<Schemas>> => {
    judgeRequest(request)
    const { issuer, verifier } = verifierOf(request.context)
    const body = await readBody(() => request.body(), {
      maxBytes: maxTokenBytes,
      timeoutMs: settings.bodyTimeoutMs,
      mend: request.rawBodyMend,
    })
    const verified = await verifier.safeVerifyAndParse(body)
    if (verified.ok) return handleEvent(issuer, verified.event, delivery)
    if (isUnsupportedEventError(verified.error)) return handleUnsupported(issuer, verified.error, delivery)
    return { error: verified.error }
  }

  return {
    async receive(request) {
      const startedAt = performance.now()
      const delivery: Delivery<Context> = { webhookId: undefined, receivedAt: new Date(), context: request.context }
      let result: Result<Schemas>
      try {
        delivery.webhookId = readWebhookId(request)
        delivery.receivedAt = new Date(now())
        result = await settle(request, delivery)
      } catch (error) {
        result = failed(error)
      }
      const response = answer(result)
      const outcome = {
        ...result,
        outcome: result.outcome ?? result.error.code,
        status: response.status,
        durationMs: performance.now() - startedAt,
      }
      if (onOutcome === undefined) logFailure(outcome)
      else callHook('onOutcome', () => onOutcome(outcome, delivery))
      return response
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

/** The answer to a request that no receiver could be created for, with its line in the log. */
export function refuse(error: unknown): DeliveryResponse {
  const verdict = failed(error)
  const response = answer(verdict)
  logFailure({ outcome: verdict.error.code, status: response.status, error: verdict.error, durationMs: 0 })
  return response
}

function failed(error: unknown): { error: KindeWebhookError } {
  if (isKindeWebhookError(error)) return { error }
  return {
    error: new KindeWebhookError(
      'internal_error',
      'Something failed that must not fail. This is a defect of @kinde-billing/core: please report it.',
      { cause: error },
    ),
  }
}

/** Whether an event of another type may go to its handler: an id to deduplicate on, and a time inside the window. */
function usableEnvelope(
  error: UnsupportedEventError,
  now: number,
  replayWindowMs: number | false,
  clockToleranceMs: number,
): ReturnType<typeof readEnvelope> | undefined {
  try {
    const envelope = readEnvelope(error.claims)
    judgeWindow(envelope.timestamp, now, replayWindowMs, clockToleranceMs)
    return envelope
  } catch {
    return undefined
  }
}

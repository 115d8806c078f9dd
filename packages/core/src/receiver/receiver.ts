import { readBody } from '../body.js'
import type { DataSchemas, NoSchemas } from '../data-schemas.js'
import { asKindeWebhookError, isUnsupportedEventError } from '../errors.js'
import { callHook } from '../warnings.js'
import { answer, logFailure } from './answer.js'
import { verifiers } from './bindings.js'
import { createHandling, type Result } from './handling.js'
import { type BillingReceiverOptions, type DeliveryOutcome, judgeReceiverOptions } from './options.js'
import { type Delivery, type DeliveryRequest, type DeliveryResponse, judgeRequest, readWebhookId } from './request.js'

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
export function createBillingReceiver<Context = unknown, Tx = undefined, const Schemas extends DataSchemas = NoSchemas>(
  options: BillingReceiverOptions<Context, Tx, Schemas>,
): BillingReceiver<Context> {
  const settings = judgeReceiverOptions(options)
  const verifierOf = verifiers<Context, Schemas>(settings)
  const handling = createHandling(options, settings)
  const limits = {
    maxBytes: settings.verifier.maxTokenBytes,
    timeoutMs: settings.bodyTimeoutMs,
    timeoutHint: 'A slow or stalled sender, or something before this route holds the body back (bodyTimeoutMs).',
  }

  const settle = async (request: DeliveryRequest<Context>, delivery: Delivery<Context>): Promise<Result<Schemas>> => {
    judgeRequest(request)
    const { issuer, verifier } = verifierOf(request.context)
    const body = await readBody(() => request.body(), { rawBodyHint: request.rawBodyHint, ...limits })
    const verified = await verifier.safeVerifyAndParse(body)
    if (verified.ok) return handling.handleEvent(issuer, verified.event, delivery)
    if (isUnsupportedEventError(verified.error)) return handling.handleUnsupported(issuer, verified.error, delivery)
    return { error: verified.error }
  }

  return {
    async receive(request) {
      const startedAt = performance.now()
      const { context } = request
      const delivery: Delivery<Context> = { webhookId: undefined, receivedAt: new Date(), context }
      let result: Result<Schemas>
      try {
        delivery.webhookId = readWebhookId(request)
        delivery.receivedAt = new Date(settings.verifier.now())
        result = await settle(request, delivery)
      } catch (error) {
        result = { error: asKindeWebhookError(error) }
      }
      const response = answer(result)
      report(options.onOutcome, outcomeOf(result, response, performance.now() - startedAt), delivery)
      return response
    },
  }
}

/** The answer to a request that no receiver could be created for, with its line in the log. */
export function refuse(error: unknown): DeliveryResponse {
  const verdict = { error: asKindeWebhookError(error) }
  const response = answer(verdict)
  logFailure(outcomeOf(verdict, response, 0))
  return response
}

function outcomeOf<Schemas extends DataSchemas>(
  result: Result<Schemas>,
  { status }: DeliveryResponse,
  durationMs: number,
): DeliveryOutcome<Schemas> {
  return { status, durationMs, ...result, outcome: result.outcome ?? result.error.code }
}

function report<Context, Schemas extends DataSchemas>(
  onOutcome: BillingReceiverOptions<Context, never, Schemas>['onOutcome'],
  outcome: DeliveryOutcome<Schemas>,
  delivery: Delivery<Context>,
): void {
  if (onOutcome === undefined) logFailure(outcome)
  else callHook('onOutcome', () => onOutcome(outcome, delivery))
}

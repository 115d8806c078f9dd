import { type DataSchemas, KindeWebhookError, type NoSchemas } from '@kinde-billing/core'
import {
  type BillingReceiverOptions,
  createBillingReceiver,
  type OwnInbox,
  type ReceiverOptions,
} from '@kinde-billing/core/receiver'
import { type LambdaHttpEvent, type LambdaHttpResult, toDeliveryRequest, toLambdaResult } from './http-event.js'

export type { LambdaHttpEvent, LambdaHttpResult } from './http-event.js'

/** The part of Lambda's context that the adapter uses. */
export interface LambdaContext {
  /** Returns the time that is left for the invocation, in milliseconds. */
  getRemainingTimeInMillis(): number
}

/** The event and context of Lambda, for handlers. */
export interface KindeBillingContext {
  /** The event of API Gateway, of a function URL or of a load balancer. */
  event: LambdaHttpEvent
  /** Lambda's context. `undefined` if the function was called without one, as in a test. */
  context: LambdaContext | undefined
}

/** The options of {@link kindeBilling}: those of the receiver. */
export type KindeBillingOptions<Tx = undefined, Schemas extends DataSchemas = NoSchemas> = BillingReceiverOptions<
  KindeBillingContext,
  Tx,
  Schemas
>

type LambdaHandler = (event: LambdaHttpEvent, context?: LambdaContext) => Promise<LambdaHttpResult>

/** The time before the end of the invocation at which handlers stop, in milliseconds. */
const STOP_BEFORE_END_MS = 1000
/** The part of it that is kept for sending the response, in milliseconds. */
const RESPONSE_MS = 200

/**
 * Creates a Lambda function that receives Kinde's billing webhooks behind API Gateway (REST and HTTP), a function URL or an
 * Application Load Balancer. One second before the invocation ends, handlers are told to stop. Work that goes on behind the
 * response gets most of that second, because Lambda freezes the process after the response.
 *
 * @param options - The options of the receiver.
 * @returns The function to export as `handler`.
 * @throws KindeWebhookError `invalid_configuration`, naming the option and the fix
 *
 * @example
 * ```ts
 * import { kindeBilling } from '@kinde-billing/lambda'
 *
 * export const handler = kindeBilling({
 *   issuer: 'https://acme.kinde.com',
 *   on: { 'customer.payment_failed': (event) => console.log('ask for another card', event.customer.id) },
 * })
 * ```
 */
export function kindeBilling<Tx, const Schemas extends DataSchemas = NoSchemas>(
  options: ReceiverOptions<KindeBillingContext, Tx, Schemas> & OwnInbox<KindeBillingContext, Tx>,
): LambdaHandler
// Without type parameters, because most applications see this one in their editor.
export function kindeBilling(options: KindeBillingOptions): LambdaHandler
export function kindeBilling<Tx = undefined, const Schemas extends DataSchemas = NoSchemas>(
  options: KindeBillingOptions<Tx, Schemas>,
): LambdaHandler
export function kindeBilling(options: KindeBillingOptions): LambdaHandler {
  const receiver = createBillingReceiver<KindeBillingContext>(options)
  return async (event, context) => {
    assertBuffered(context)
    const remainingMs = (): number => readRemainingMs(context)
    const lateWork: Promise<unknown>[] = []
    const response = await receiver.receive({
      ...toDeliveryRequest(event),
      context: { event, context },
      remainingMs: () => remainingMs() - STOP_BEFORE_END_MS,
      waitUntil: (work) => lateWork.push(work),
    })
    await settleWithin(lateWork, Math.min(STOP_BEFORE_END_MS, remainingMs()) - RESPONSE_MS)
    return toLambdaResult(event, response)
  }
}

/** A function that is called without a usable context, as in a test, has all the time. */
function readRemainingMs(context: LambdaContext | undefined): number {
  if (typeof context?.getRemainingTimeInMillis !== 'function') return Infinity
  const remainingMs: unknown = context.getRemainingTimeInMillis()
  return typeof remainingMs === 'number' && !Number.isNaN(remainingMs) ? remainingMs : Infinity
}

/** A function that streams its response is called with the stream in the place of the context. */
function assertBuffered(context: object | null | undefined): void {
  if (typeof context !== 'object' || context === null || !('write' in context)) return
  throw new KindeWebhookError(
    'invalid_configuration',
    'The function was called with a response stream. Export the handler without awslambda.streamifyResponse(), and set InvokeMode to BUFFERED.',
  )
}

/** Waits for work that would freeze with the process, such as a claim that a stopped handler gives back. */
async function settleWithin(work: readonly Promise<unknown>[], timeoutMs: number): Promise<void> {
  if (work.length === 0) return
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs)
  })
  await Promise.race([Promise.allSettled(work), timeout])
  clearTimeout(timer)
}

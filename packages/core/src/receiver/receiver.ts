import { createBodyBudget, readBody } from '../body.js'
import { decodeBillingEvent } from '../decode.js'
import { isUnsupportedEventError, KindeWebhookError, toKindeWebhookError } from '../errors.js'
import type { BillingEvent } from '../events.js'
import { format } from '../format.js'
import { type BillingLog, consoleLog, notify, type ShouldLog, toLog } from '../log.js'
import type { DataSchemas, NoSchemas } from '../standard-schema.js'
import { assertKnownOptions, MAX_TIMER_MS } from '../validate.js'
import { withTimeout } from '../with-timeout.js'
import { type Arrival, createDispatcher } from './dispatch.js'
import { type BillingReceiverOptions, type DeliveryOutcome, resolveReceiverOptions } from './options.js'
import {
  assertAcceptable,
  type Delivery,
  type DeliveryRequest,
  type DeliveryResponse,
  type Platform,
  readWebhookId,
} from './request.js'
import { logOutcome, type Result, toResponse } from './response.js'
import { createVerifierCache } from './verifier-cache.js'

/** Receives deliveries. Adapters call it. */
export interface BillingReceiver<Context = unknown, Schemas extends DataSchemas = NoSchemas> {
  /** The endpoint's name: the option, or `default`. */
  readonly name: string
  /**
   * Handles one request. It never throws and never hangs: whatever happens becomes a response.
   *
   * @param request - The framework's request.
   * @returns The response to send, unchanged.
   */
  receive(request: DeliveryRequest<Context>): Promise<DeliveryResponse>
  /**
   * Runs the handlers for stored claims again, under the same inbox: an attempt of Kinde's at the same moment is
   * `delivery_in_progress`, and one after it a `duplicate`. Signature and age are not checked, because both were when the
   * claims arrived: never pass claims that were not verified. Handlers see `delivery.redelivery`.
   *
   * @param claims - The verified payload, such as an inbox has kept.
   * @param options - The context for handlers and for option functions, a reason that handlers see, and the issuer.
   * @returns The outcome. It never rejects.
   */
  redeliver(
    claims: Record<string, unknown>,
    options: {
      /** The context for handlers, and for `issuer` and `inbox` functions. */
      context: Context
      /** Why the event runs again. */
      reason?: string | undefined
      /** The Kinde domain that signed the claims: another one than the receiver's is refused. Default: not compared. */
      issuer?: string | undefined
    },
  ): Promise<DeliveryOutcome<Schemas>>
}

/** The memory of all bodies whose signatures are not known yet, without the first 16 KiB of each. */
const MAX_UNVERIFIED_BYTES = 32 * 1024 * 1024

/**
 * Creates a receiver: every rule between a request and its response, for any framework.
 *
 * @param options - The issuer, handlers, and what differs from the defaults.
 * @returns A receiver, to keep for the life of the process.
 * @throws KindeWebhookError `invalid_configuration`, naming the option and the fix
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
): BillingReceiver<Context, Schemas> {
  const settings = resolveReceiverOptions(options)
  const { onOutcome } = options
  const { shouldLog } = settings
  const getVerifier = createVerifierCache<Context, Schemas>(settings)
  const dispatcher = createDispatcher(options, settings)
  const { maxTokenBytes } = settings.verifier
  const openShare = createBodyBudget(Math.max(MAX_UNVERIFIED_BYTES, maxTokenBytes))
  const limits = {
    maxBytes: maxTokenBytes,
    timeoutMs: settings.bodyTimeoutMs,
    timeoutHint:
      'The sender is slow or has stalled, or something in front of this route holds the body back (bodyTimeoutMs).',
  }

  const dispatch = async (
    readEvent: () => BillingEvent | Promise<BillingEvent>,
    arrival: Arrival<Context>,
  ): Promise<Result<Schemas>> => {
    let event: BillingEvent
    try {
      event = await readEvent()
    } catch (error) {
      if (isUnsupportedEventError(error)) return dispatcher.dispatchOther(error, arrival)
      throw error
    }
    return dispatcher.dispatchEvent(event, arrival)
  }

  return {
    name: settings.name,

    async receive(request) {
      const { context, rawBodyHint } = request
      const log = toLog(request.log) ?? settings.log ?? consoleLog
      const reporters = { onOutcome, log, shouldLog, platform: request }
      const { response } = await conclude(reporters, context, async (delivery) => {
        delivery.webhookId = readWebhookId(request)
        delivery.receivedAt = new Date(settings.verifier.now())
        assertAcceptable(request)
        const { issuer, verifier } = getVerifier(context)
        const share = openShare()
        const readEvent = async (): Promise<BillingEvent> => {
          const body = await readBody(() => request.body(), { ...limits, rawBodyHint, share })
          return limitVerification(verifier.verify(body), request)
        }
        // The handlers do not count: they only run for verified events.
        const verify = (): Promise<BillingEvent> => readEvent().finally(share.release)
        return dispatch(verify, { issuer, delivery, log, platform: request })
      })
      return response
    },

    async redeliver(claims, options) {
      const log = settings.log ?? consoleLog
      // Wrong options are an outcome, because this never rejects.
      const { outcome } = await conclude({ onOutcome, log, shouldLog }, options?.context, async (delivery) => {
        assertKnownOptions('redeliver', options, ['context', 'reason', 'issuer'])
        const { context, reason, issuer: signer } = options
        delivery.receivedAt = new Date(settings.verifier.now())
        const { issuer } = getVerifier(context)
        if (signer !== undefined && signer !== issuer) throw foreignIssuer(signer, issuer)
        return dispatch(() => decodeBillingEvent(claims), { issuer, delivery, log, redelivery: { reason } })
      })
      return outcome
    },
  }
}

/** Fetching the key set is the one step before the inbox that can take long. */
function limitVerification(event: Promise<BillingEvent>, platform: Platform): Promise<BillingEvent> {
  const remainingMs = platform.remainingMs?.()
  if (remainingMs === undefined) return event
  return withTimeout(event, Math.max(0, Math.min(remainingMs, MAX_TIMER_MS)), () => {
    throw new KindeWebhookError(
      'keys_unavailable',
      'The key set was not fetched in the time that the platform leaves. Raise the time limit of the platform.',
    )
  })
}

const foreignIssuer = (signer: string, issuer: string): KindeWebhookError =>
  new KindeWebhookError(
    'invalid_configuration',
    `issuer: the stored event is of ${format(signer, 255)}, and this receiver serves ${format(issuer, 255)}. Redeliver it with the receiver, or the context, of its own issuer.`,
  )

/**
 * Answers a request for which no receiver could be created, and reports it like any other failure.
 *
 * @param error - The error of {@link createBillingReceiver}.
 * @param options - The options that it refused.
 * @param shouldLog - The limit of the log, kept between requests.
 */
export async function receiveMisconfigured<Context, Schemas extends DataSchemas>(
  error: unknown,
  options: Pick<BillingReceiverOptions<Context, never, Schemas>, 'onOutcome' | 'log'>,
  shouldLog: ShouldLog,
  context: Context,
): Promise<DeliveryResponse> {
  const onOutcome = typeof options.onOutcome === 'function' ? options.onOutcome : undefined
  const log = toLog(options.log) ?? consoleLog
  const { response } = await conclude({ onOutcome, log, shouldLog }, context, () => Promise.reject(error))
  return response
}

interface Reporters<Context, Schemas extends DataSchemas> {
  readonly onOutcome: BillingReceiverOptions<Context, never, Schemas>['onOutcome']
  readonly log: BillingLog
  readonly shouldLog: ShouldLog
  readonly platform?: Platform
}

/** Runs one delivery to its end: response, log and `onOutcome`. */
async function conclude<Context, Schemas extends DataSchemas>(
  { onOutcome, log, shouldLog, platform }: Reporters<Context, Schemas>,
  context: Context,
  run: (delivery: Delivery<Context>) => Promise<Result<Schemas>>,
): Promise<{ outcome: DeliveryOutcome<Schemas>; response: DeliveryResponse }> {
  const startedAt = performance.now()
  const delivery: Delivery<Context> = { webhookId: undefined, receivedAt: new Date(), context }
  let result: Result<Schemas>
  try {
    result = await run(delivery)
  } catch (thrown) {
    const error = toKindeWebhookError(thrown)
    result = { outcome: error.code, error }
  }
  const response = toResponse(result)
  const outcome = { ...result, status: response.status, durationMs: performance.now() - startedAt }
  logOutcome(outcome, log, shouldLog)
  if (onOutcome !== undefined) {
    const notified = notify('onOutcome', () => onOutcome(outcome, delivery), log, shouldLog)
    if (notified !== undefined) platform?.waitUntil?.(notified)
  }
  return { outcome, response }
}

import { createBodyBudget, readBody } from '../body.js'
import { decodeBillingEvent } from '../decode.js'
import { KindeWebhookError } from '../errors.js'
import type { BillingEvent } from '../events.js'
import { format } from '../format.js'
import { consoleLog, toLog } from '../log.js'
import type { DataSchemas, NoSchemas } from '../standard-schema.js'
import { assertKnownOptions, MAX_TIMER_MS } from '../validate.js'
import type { TokenVerifier } from '../verifier.js'
import { withTimeout } from '../with-timeout.js'
import { createDispatch } from './dispatch.js'
import { type BillingReceiverOptions, type DeliveryOutcome, resolveReceiverOptions } from './options.js'
import {
  assertAcceptable,
  type DeliveryRequest,
  type DeliveryResponse,
  type Platform,
  readWebhookId,
} from './request.js'
import { conclude, type Facts } from './response.js'
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

const BODY_TIMEOUT_HINT =
  'The sender is slow or has stalled, or something in front of this route holds the body back (bodyTimeoutMs).'

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
  const { now, maxTokenBytes } = settings.verifier
  const getVerifier = createVerifierCache(settings)
  const dispatch = createDispatch(options, settings)
  const openShare = createBodyBudget(Math.max(MAX_UNVERIFIED_BYTES, maxTokenBytes))

  const verify = async (request: DeliveryRequest<Context>, verifier: TokenVerifier): Promise<BillingEvent> => {
    const share = openShare()
    try {
      const body = await readBody(() => request.body(), {
        maxBytes: maxTokenBytes,
        timeoutMs: settings.bodyTimeoutMs,
        timeoutHint: BODY_TIMEOUT_HINT,
        rawBodyHint: request.rawBodyHint,
        share,
      })
      return await limitVerification(verifier.verify(body), request)
    } finally {
      // The handlers do not count: they only run for verified events.
      share.release()
    }
  }

  return {
    name: settings.name,

    async receive(request) {
      const { context } = request
      const log = toLog(request.log) ?? settings.log ?? consoleLog
      const reporters = { onOutcome, log, shouldLog, platform: request }
      const { response } = await conclude(reporters, context, async (delivery, facts: Facts<Schemas>) => {
        delivery.webhookId = readWebhookId(request)
        delivery.receivedAt = new Date(now())
        assertAcceptable(request)
        const verifier = getVerifier(context)
        const { issuer } = verifier
        return dispatch(verify(request, verifier), { issuer, delivery, facts, log, platform: request })
      })
      return response
    },

    async redeliver(claims, options) {
      const log = settings.log ?? consoleLog
      const reporters = { onOutcome, log, shouldLog }
      // Wrong options are an outcome, because this never rejects.
      const { outcome } = await conclude(reporters, options?.context, async (delivery, facts: Facts<Schemas>) => {
        assertKnownOptions('redeliver', options, ['context', 'reason', 'issuer'])
        const { context, reason, issuer: signer } = options
        delivery.receivedAt = new Date(now())
        const { issuer } = getVerifier(context)
        if (signer !== undefined && signer !== issuer)
          throw new KindeWebhookError(
            'invalid_configuration',
            `issuer: the stored event is of ${format(signer, 255)}, and this receiver serves ${format(issuer, 255)}. Redeliver it with the receiver, or the context, of its issuer.`,
          )
        const decoded = (async () => decodeBillingEvent(claims))()
        return dispatch(decoded, { issuer, delivery, facts, log, redelivery: { reason } })
      })
      return outcome
    },
  }
}

/** Limits verification to the platform's time: fetching the key set is the one step of it that can be slow. */
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

import { toKindeWebhookError } from '../errors.js'
import { errorMessage, escapeText, stackFrames } from '../format.js'
import { type BillingLog, docsUrl, notify, type ShouldLog } from '../log.js'
import type { DataSchemas } from '../standard-schema.js'
import type { BillingReceiverOptions, DeliveryOutcome } from './options.js'
import type { Delivery, DeliveryResponse, Platform } from './request.js'

/** An outcome without its response. */
export type Result<Schemas extends DataSchemas> = Omit<DeliveryOutcome<Schemas>, 'status' | 'durationMs'>

/** The facts that are reported with an outcome, as far as they are known. */
export type Facts<Schemas extends DataSchemas> = {
  -readonly [Name in Exclude<keyof Result<Schemas>, 'outcome'>]?: Result<Schemas>[Name]
}

/** The places that an outcome is reported to. */
interface Reporters<Context, Schemas extends DataSchemas> {
  readonly onOutcome: BillingReceiverOptions<Context, never, Schemas>['onOutcome']
  readonly log: BillingLog
  readonly shouldLog: ShouldLog
  readonly platform?: Platform
}

/** Runs one delivery to its end: response, log and `onOutcome`. */
export async function conclude<Context, Schemas extends DataSchemas>(
  { onOutcome, log, shouldLog, platform }: Reporters<Context, Schemas>,
  context: Context,
  run: (delivery: Delivery<Context>, facts: Facts<Schemas>) => Promise<Result<Schemas>['outcome']>,
): Promise<{ outcome: DeliveryOutcome<Schemas>; response: DeliveryResponse }> {
  const startedAt = performance.now()
  const delivery: Delivery<Context> = { webhookId: undefined, receivedAt: new Date(), context }
  const facts: Facts<Schemas> = {}
  const result = await run(delivery, facts).catch((thrown: unknown) => {
    facts.error = toKindeWebhookError(thrown)
    return facts.error.code
  })
  const response = toResponse({ ...facts, outcome: result })
  const durationMs = performance.now() - startedAt
  const outcome = { outcome: result, status: response.status, ...facts, durationMs }
  logOutcome(outcome, log, shouldLog)
  if (onOutcome !== undefined) {
    const notified = notify('onOutcome', () => onOutcome(outcome, delivery), log, shouldLog)
    platform?.waitUntil?.(notified)
  }
  return { outcome, response }
}

const DEFAULT_RETRY_AFTER_MS = 5000
const RETRY_AFTER_CODES = ['receiver_overloaded', 'keys_unavailable', 'inbox_unavailable', 'delivery_in_progress']

/**
 * Converts an outcome to its response. Success is exactly 200, because Kinde tries again after anything else. Nothing of
 * the delivery is in the response, and every unauthentic request gets the same one, so that it does not tell an unknown
 * key from a bad signature.
 */
export function toResponse({ outcome, error }: Pick<Result<DataSchemas>, 'outcome' | 'error'>): DeliveryResponse {
  // An unsupported event is acknowledged, although its error is reported.
  if (error?.code !== outcome) return jsonResponse(200, { status: outcome })
  const { code, status, retryAfterMs = DEFAULT_RETRY_AFTER_MS } = error
  const response = jsonResponse(status, { error: status === 401 ? 'unauthorized' : code })
  if (code === 'method_not_allowed') response.headers['allow'] = 'POST'
  if (RETRY_AFTER_CODES.includes(code))
    response.headers['retry-after'] = String(Math.max(1, Math.ceil(retryAfterMs / 1000)))
  return response
}

function jsonResponse(status: number, body: Record<string, string>): DeliveryResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

/** Logs a failure or a discarded event as one line: code, event, cause and fix. Successes are not logged. */
export function logOutcome(
  { outcome, status, error, discarded, eventId, type }: Omit<DeliveryOutcome<DataSchemas>, 'event' | 'durationMs'>,
  log: BillingLog,
  shouldLog: ShouldLog,
): void {
  const failure = discarded ?? (error?.code === outcome ? error : undefined)
  if (failure === undefined) return
  const issues = error?.issues.map(({ path, message }) => ` ${path.join('.')} ${message}.`).join('') ?? ''
  const cause = failure.cause === undefined ? '' : ` Cause: ${errorMessage(failure.cause)}`
  const message = escapeText(failure.message, 600)
  const rest = `${issues}${cause}`
  const stop = rest === '' || /[.!?]$/.test(message) ? '' : '.'
  const reason = `${message}${stop}${rest}`
  if (!shouldLog(toTopic(outcome, status, eventId, `${type} ${reason}`))) return
  const event = eventId === undefined ? '' : ` ${type} ${eventId}`
  const line = `[kinde-billing] ${outcome} (${status})${event}: ${reason} ${docsUrl(outcome)}`
  const details = { code: outcome, status, eventId, type }
  if (discarded !== undefined) log.warn(line, details)
  else log.error(line, { ...details, stack: outcome === 'handler_failed' ? stackFrames(failure.cause) : undefined })
}

/** A different cause is logged at once, unless the sender can choose it: then one line a minute per code. */
function toTopic(outcome: string, status: number, eventId: string | undefined, cause: string): string {
  const isChosenBySender = eventId === undefined && (status < 500 || outcome === 'invalid_configuration')
  return isChosenBySender ? outcome : `${outcome} ${cause}`
}

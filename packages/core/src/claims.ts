import * as v from 'valibot'
import { KindeWebhookError, type KindeWebhookIssue, UnsupportedEventError } from './errors.js'
import { type BillingEventType, type EventBase, isBillingEventType, type OtherEvent } from './event-types.js'
import { format } from './format.js'
import { getOwn, isJsonObject, isSafeString, type JsonObject, MAX_DEPTH, parseJsonObject, readText } from './json.js'
import { parseTimestamp } from './timestamps.js'

const MAX_TYPE_CHARS = 128
const MAX_ID_CHARS = 256

/** The settings that claims are checked against. */
export interface ClaimChecks {
  readonly issuer: string
  /** Epoch milliseconds. */
  readonly now: number
  readonly clockToleranceMs: number
  readonly replayWindowMs: number | false
}

/** Everything a billing event has besides what is read from its `data`. */
export type BillingEnvelope = EventBase<BillingEventType, JsonObject>

/**
 * Validates the payload of a signed token (RFC 7519, section 7.2: a JSON object in UTF-8), and reads its envelope.
 *
 * @throws KindeWebhookError `invalid_payload`, `token_not_current`, `issuer_mismatch`, `not_a_webhook`,
 * `timestamp_out_of_range`
 * @throws UnsupportedEventError for a type that is not a billing event
 */
export function validateClaims(payload: Uint8Array, checks: ClaimChecks): BillingEnvelope {
  const claims = parseJsonObject(payload)
  if (claims === undefined)
    throw new KindeWebhookError(
      'invalid_payload',
      `The signed payload is not a JSON object in UTF-8, nested at most ${MAX_DEPTH} deep.`,
    )
  validateTokenClaims(claims, checks)
  return readBillingEnvelope(claims, checks)
}

/**
 * Claims that only OAuth 2.0 and OpenID Connect tokens have. Kinde signs the access, ID and machine tokens of a tenant
 * with the same keys, so the signature alone does not make a token a webhook (RFC 8725, section 2.8, substitution).
 * This is the only place where an unknown claim is not tolerated.
 */
const OAUTH_CLAIMS = new Set('aud azp sub scp scope gty client_id nonce at_hash c_hash auth_time cnf act'.split(' '))

/**
 * Validates the token as a token: current, of this issuer, and a webhook. jose's check of claims is not used: it takes
 * `exp: 1e400` for a number, accepts a list as `iss`, and does not know substitution.
 */
function validateTokenClaims(claims: JsonObject, { issuer, now, clockToleranceMs }: ClaimChecks): void {
  const endsAt = readNumericDate(claims, 'exp', Number.POSITIVE_INFINITY)
  const startsAt = readNumericDate(claims, 'nbf', Number.NEGATIVE_INFINITY)
  if (!(now < endsAt && now + clockToleranceMs >= startsAt))
    throw new KindeWebhookError(
      'token_not_current',
      'The token has expired, is not yet valid, or has an invalid exp or nbf.',
    )
  if (Object.hasOwn(claims, 'iss') && claims['iss'] !== issuer)
    throw new KindeWebhookError('issuer_mismatch', `iss is not ${issuer}.`)
  const foreign = Object.keys(claims).find((name) => OAUTH_CLAIMS.has(name))
  if (foreign !== undefined)
    throw new KindeWebhookError(
      'not_a_webhook',
      `The claim ${foreign} belongs to an access, ID or machine token. Kinde's webhooks do not have it.`,
    )
}

/** An absent date sets no limit. One that is not a finite number (RFC 7519, section 2) is NaN, which no time meets. */
function readNumericDate(claims: JsonObject, name: 'exp' | 'nbf', absent: number): number {
  if (!Object.hasOwn(claims, name)) return absent
  const seconds = claims[name]
  return typeof seconds === 'number' && Number.isFinite(seconds) ? seconds * 1000 : Number.NaN
}

/**
 * Reads type and envelope of verified claims. If the type is not a billing event, nothing else can fail it: a refused
 * delivery would end with the endpoint disabled.
 *
 * @param claims - The verified payload.
 * @param checks - Checks the window of the event's `timestamp`. Default: it is not checked.
 * @throws KindeWebhookError `invalid_payload`, `timestamp_out_of_range`
 * @throws UnsupportedEventError
 */
export function readBillingEnvelope(claims: JsonObject, checks?: ClaimChecks): BillingEnvelope {
  const type = getOwn(claims, 'type')
  if (isBillingEventType(type)) return readEnvelope(type, claims, checks)
  if (!isSafeString(type, MAX_TYPE_CHARS))
    throw new KindeWebhookError('invalid_payload', "The signed payload has no usable 'type'.", {
      issues: [toIssue('type')],
    })
  const id = getOwn(claims, 'event_id')
  throw new UnsupportedEventError(`The event type ${format(type, MAX_TYPE_CHARS)} is not a billing event.`, {
    type,
    id: isSafeString(id, MAX_ID_CHARS) ? id : undefined,
    claims,
    event: findOtherEvent(type, claims, checks),
  })
}

function findOtherEvent(type: string, claims: JsonObject, checks?: ClaimChecks): OtherEvent | undefined {
  try {
    return Object.defineProperty(readEnvelope(type, claims, checks), 'claims', { enumerable: false })
  } catch {
    return undefined
  }
}

/** Members that make a signed payload an event. `data` is passed on as it is, never as a schema's copy. */
const Envelope = v.object({
  event_id: v.custom<string>((id) => isSafeString(id, MAX_ID_CHARS)),
  timestamp: v.date(),
  data: v.custom<JsonObject>(isJsonObject),
})

const EXPECTATIONS: Record<string, string> = {
  type: `must be a non-blank string of at most ${MAX_TYPE_CHARS} characters`,
  event_id: `must be a non-blank string of at most ${MAX_ID_CHARS} characters`,
  timestamp: 'must be a date and time with an offset (RFC 3339), such as 2026-05-01T17:41:45.592145+10:00',
  data: 'must be an object',
}

const toIssue = (member: string): KindeWebhookIssue => ({
  path: [member],
  message: EXPECTATIONS[member] ?? 'is invalid',
})

function readEnvelope<Type extends string>(type: Type, claims: JsonObject, checks?: ClaimChecks) {
  const { success, output, issues } = v.safeParse(Envelope, {
    event_id: getOwn(claims, 'event_id'),
    timestamp: parseTimestamp(getOwn(claims, 'timestamp')),
    data: getOwn(claims, 'data'),
  })
  if (!success)
    throw new KindeWebhookError('invalid_payload', 'The signed payload does not have the shape of an event.', {
      // valibot's own messages are not used: they quote the input.
      issues: issues.map(({ path }) => toIssue(String(path?.[0].key))),
    })
  const { event_id: id, timestamp, data } = output
  if (checks !== undefined) assertInWindow(checks, timestamp)
  // As a rule `event_timestamp`, which newer tokens have, equals `timestamp`, and need not be parsed twice.
  const occurred = getOwn(claims, 'event_timestamp')
  return {
    type,
    id,
    occurredAt: (occurred === claims['timestamp'] ? undefined : parseTimestamp(occurred)) ?? timestamp,
    timestamp,
    source: readText(claims, 'source'),
    data,
    claims,
  }
}

/**
 * Checks the window on both sides. It is as wide as Kinde's schedule: attempts run to 36 h and an endpoint is disabled at
 * 72 h, so a window of minutes would drop genuine deliveries.
 */
function assertInWindow({ now, replayWindowMs, clockToleranceMs }: ClaimChecks, timestamp: Date): void {
  const ageMs = now - timestamp.getTime()
  if (ageMs >= -clockToleranceMs && (replayWindowMs === false || ageMs < replayWindowMs)) return
  throw new KindeWebhookError(
    'timestamp_out_of_range',
    ageMs < 0
      ? `The event's timestamp is ${formatDuration(-ageMs)} in the future. Check this machine's clock, or raise clockToleranceMs.`
      : `The event's timestamp is ${formatDuration(ageMs)} old: a replay, or older than replayWindowMs. To read an old capture, set replayWindowMs to false.`,
    { issues: [{ path: ['timestamp'], message: 'is outside the window' }] },
  )
}

function formatDuration(durationMs: number): string {
  return durationMs < 2 * 3_600_000 ? `${Math.round(durationMs / 1000)} s` : `${Math.round(durationMs / 3_600_000)} h`
}

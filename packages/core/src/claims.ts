import * as v from 'valibot'
import { KindeWebhookError, type KindeWebhookIssue, UnsupportedEventError } from './errors.js'
import { type BillingEventType, isBillingEventType } from './event-types.js'
import { isJsonObject, isText, type JsonObject, own, parseJsonObject } from './json.js'
import { quote } from './quote.js'
import { parseTimestamp } from './timestamps.js'

const MAX_DEPTH = 64
const MAX_TYPE_CHARS = 128
const MAX_ID_CHARS = 256

/** A signed payload as claims (RFC 7519, section 7.2: UTF-8 of a JSON object). Nothing is merged into a prototype. */
export function parseClaims(payload: Uint8Array): JsonObject {
  const claims = parseJsonObject(payload, MAX_DEPTH)
  if (claims === undefined)
    throw new KindeWebhookError(
      'invalid_payload',
      `The signed payload is not a JSON object in UTF-8, nested at most ${MAX_DEPTH} deep.`,
    )
  return claims
}

/**
 * Claims that only OAuth 2.0 and OpenID Connect tokens have. Kinde signs the access, ID and machine tokens of a tenant
 * with the same keys, so the signature alone does not make a token a webhook (RFC 8725, section 2.8, substitution).
 * The one place where an unknown claim is not tolerated.
 */
const OAUTH_CLAIMS = [
  'aud',
  'azp',
  'sub',
  'scp',
  'scope',
  'gty',
  'client_id',
  'nonce',
  'at_hash',
  'c_hash',
  'auth_time',
  'cnf',
  'act',
] as const

/**
 * What a signed token says of itself: current, of this issuer, and a webhook. jose's own check of claims is not used:
 * it takes `exp: 1e400` for a number that never comes, takes an `iss` out of a list, and knows nothing of substitution.
 *
 * @throws KindeWebhookError `token_not_current`, `issuer_mismatch`, `not_a_webhook`
 */
export function judgeToken(claims: JsonObject, issuer: string, now: number, clockToleranceMs: number): void {
  const isCurrent =
    isNumericDate(claims, 'exp', (exp) => now < exp) &&
    isNumericDate(claims, 'nbf', (nbf) => nbf <= now + clockToleranceMs)
  if (!isCurrent)
    throw new KindeWebhookError(
      'token_not_current',
      'The token is expired or not valid yet (exp, nbf), or these claims are no finite numbers.',
    )
  if (Object.hasOwn(claims, 'iss') && claims['iss'] !== issuer)
    throw new KindeWebhookError('issuer_mismatch', `The token names another issuer than ${issuer}.`)
  const foreign = OAUTH_CLAIMS.find((name) => Object.hasOwn(claims, name))
  if (foreign !== undefined)
    throw new KindeWebhookError(
      'not_a_webhook',
      `The claim ${foreign} belongs to an access, ID or machine token: Kinde's webhooks have none.`,
    )
}

/** An absent date sets no limit; one that is not a finite number (RFC 7519, section 2) is never met. */
function isNumericDate(claims: JsonObject, name: 'exp' | 'nbf', isMet: (epochMs: number) => boolean): boolean {
  if (!Object.hasOwn(claims, name)) return true
  const seconds = claims[name]
  return typeof seconds === 'number' && Number.isFinite(seconds) && isMet(seconds * 1000)
}

/**
 * The type of a verified event. Of an event of another type nothing else is judged: Kinde may send what it likes, and a
 * delivery that is refused for it would end with the endpoint disabled.
 *
 * @throws KindeWebhookError `invalid_payload`; UnsupportedEventError
 */
export function judgeType(claims: JsonObject): BillingEventType {
  const type = own(claims, 'type')
  if (isBillingEventType(type)) return type
  if (!isText(type, MAX_TYPE_CHARS))
    throw new KindeWebhookError('invalid_payload', "The signed payload has no usable 'type'.", {
      issues: [{ path: ['type'], message: `must be a non-blank string of at most ${MAX_TYPE_CHARS} characters` }],
    })
  const id = own(claims, 'event_id')
  throw new UnsupportedEventError(
    `The event type ${quote(type, MAX_TYPE_CHARS)} is not one of Kinde's eight billing triggers.`,
    {
      type,
      id: isText(id, MAX_ID_CHARS) ? id : undefined,
      claims,
    },
  )
}

/** What makes a delivery an event, whatever its type. */
export interface Envelope {
  readonly id: string
  readonly timestamp: Date
}

/** The envelope of one of the eight, whose `data` must be an object. */
export interface BillingEnvelope extends Envelope {
  readonly data: JsonObject
}

const Id = v.custom<string>((id) => isText(id, MAX_ID_CHARS))
const Timestamp = v.custom<Date>((time) => time instanceof Date)
const Data = v.custom<JsonObject>(isJsonObject)

/** @throws KindeWebhookError `invalid_payload`, with an issue for each member that is missing or mistyped */
export function readEnvelope(claims: JsonObject): Envelope {
  const id = own(claims, 'event_id')
  const timestamp = parseTimestamp(own(claims, 'timestamp'))
  if (v.is(Id, id) && v.is(Timestamp, timestamp)) return { id, timestamp }
  throw notAnEvent(envelopeIssues(id, timestamp))
}

/** @throws KindeWebhookError `invalid_payload`, with an issue for each member that is missing or mistyped */
export function readBillingEnvelope(claims: JsonObject): BillingEnvelope {
  const id = own(claims, 'event_id')
  const timestamp = parseTimestamp(own(claims, 'timestamp'))
  const data = own(claims, 'data')
  if (v.is(Id, id) && v.is(Timestamp, timestamp) && v.is(Data, data)) return { id, timestamp, data }
  throw notAnEvent([...envelopeIssues(id, timestamp), ...issuesOf(Data, data, 'data', 'must be an object')])
}

function envelopeIssues(id: unknown, timestamp: unknown): KindeWebhookIssue[] {
  return [
    ...issuesOf(Id, id, 'event_id', `must be a non-blank string of at most ${MAX_ID_CHARS} characters`),
    ...issuesOf(
      Timestamp,
      timestamp,
      'timestamp',
      'must be a date and time with an offset (RFC 3339), such as 2026-05-01T17:41:45.592145+10:00',
    ),
  ]
}

function issuesOf(schema: v.GenericSchema, value: unknown, claim: string, message: string): KindeWebhookIssue[] {
  return v.is(schema, value) ? [] : [{ path: [claim], message }]
}

function notAnEvent(issues: KindeWebhookIssue[]): KindeWebhookError {
  return new KindeWebhookError('invalid_payload', 'The signed payload is not the shape of an event.', { issues })
}

/** When an event happened: `event_timestamp` where it is a readable date, as newer tokens have it, else `timestamp`. */
export function occurredAt(claims: JsonObject, { timestamp }: Envelope): Date {
  const occurred = own(claims, 'event_timestamp')
  // as a rule both say the same: it need not be read twice
  return (occurred === own(claims, 'timestamp') ? undefined : parseTimestamp(occurred)) ?? timestamp
}

/**
 * The window, both sides. It is as wide as Kinde's own schedule: attempts run to 36 h, and an endpoint is disabled at
 * 72 h, so a window of minutes would drop genuine deliveries.
 *
 * @throws KindeWebhookError `timestamp_out_of_range`
 */
export function judgeWindow(time: Date, now: number, replayWindowMs: number | false, clockToleranceMs: number): void {
  const ageMs = now - time.getTime()
  if (ageMs >= -clockToleranceMs && (replayWindowMs === false || ageMs < replayWindowMs)) return
  throw new KindeWebhookError(
    'timestamp_out_of_range',
    ageMs < 0
      ? `The event's timestamp lies ${inWords(-ageMs)} in the future: check this machine's clock, or raise clockToleranceMs.`
      : `The event's timestamp is ${inWords(ageMs)} old: a replay, or a delivery from before the window. To read an old capture, set replayWindowMs to false.`,
    { issues: [{ path: ['timestamp'], message: 'is outside the window' }] },
  )
}

function inWords(durationMs: number): string {
  return durationMs < 2 * 3_600_000 ? `${Math.round(durationMs / 1000)} s` : `${Math.round(durationMs / 3_600_000)} h`
}

import { JOSEError, JWSSignatureVerificationFailed } from 'jose/errors'
import { compactVerify } from 'jose/jws/compact/verify'
import { readBody, unreadBody } from './body.js'
import { judgeToken, judgeType, judgeWindow, parseClaims, readBillingEnvelope } from './claims.js'
import { checkData } from './data-check.js'
import type { DataSchemas, NoSchemas } from './data-schemas.js'
import { buildEvent } from './decode.js'
import { asKindeWebhookError, KindeWebhookError } from './errors.js'
import type { BillingEvent } from './events.js'
import { fixedKeySet, type KeySet, sharedKeySet } from './keys.js'
import {
  type BillingVerifierOptions,
  judgeIssuer,
  judgeVerifierOptions,
  misconfigured,
  type VerifierSettings,
} from './settings.js'
import { readToken, type Token } from './token.js'

/** What `safeVerifyAndParse` resolves to. */
export type VerifyResult<Schemas extends DataSchemas = NoSchemas> =
  | {
      /** The token is a webhook of the issuer. */
      readonly ok: true
      /** What it says. */
      readonly event: BillingEvent<Schemas>
    }
  | {
      /** The token is refused, or could not be judged. */
      readonly ok: false
      /** Why. */
      readonly error: KindeWebhookError
    }

/** Verifies and decodes deliveries of one issuer. Create one and keep it: it holds the issuer's keys. */
export interface BillingVerifier<Schemas extends DataSchemas = NoSchemas> {
  /**
   * Proves that a token is a webhook of this issuer, and decodes it.
   *
   * @param token The request's body as it came: a compact JWS, with at most one line end after it.
   * @throws KindeWebhookError with the codes of the token, the claims, the keys and the schema; UnsupportedEventError for
   * an authentic event of another type. Nothing else is ever thrown.
   */
  verifyAndParse(token: string | Uint8Array): Promise<BillingEvent<Schemas>>
  /** {@link BillingVerifier.verifyAndParse} that never rejects. */
  safeVerifyAndParse(token: string | Uint8Array): Promise<VerifyResult<Schemas>>
  /**
   * Reads the body of a Web `Request`, of at most `maxTokenBytes` and within 10 s, then
   * {@link BillingVerifier.verifyAndParse}.
   *
   * @throws KindeWebhookError also `body_already_parsed`, `body_unreadable`, `request_timeout`
   */
  verifyRequest(request: Request): Promise<BillingEvent<Schemas>>
}

const REQUEST_TIMEOUT_MS = 10_000

/**
 * Creates a verifier for one Kinde domain.
 *
 * @throws KindeWebhookError `invalid_configuration`, naming the option and the mend
 *
 * @example
 * ```ts
 * import { createBillingVerifier } from '@kinde-billing/core'
 *
 * const verifier = createBillingVerifier({ issuer: 'https://acme.kinde.com' })
 *
 * export async function receive(token: string): Promise<void> {
 *   const event = await verifier.verifyAndParse(token)
 *   if (event.type === 'customer.plan_changed') console.log(event.customer.id, event.plan.code)
 * }
 * ```
 */
export function createBillingVerifier<const Schemas extends DataSchemas = NoSchemas>(
  options: BillingVerifierOptions<Schemas>,
): BillingVerifier<Schemas> {
  const settings = judgeVerifierOptions(options)
  return openVerifier(judgeIssuer(options.issuer), settings)
}

/**
 * Verifies and decodes one token. The key set is shared in the process, so this is a {@link createBillingVerifier} in
 * one call; the options are judged anew each time, and so each call warns anew of what a verifier warns of once.
 *
 * @throws KindeWebhookError as {@link BillingVerifier.verifyAndParse}, and `invalid_configuration`
 *
 * @example
 * ```ts
 * import { verifyAndParse } from '@kinde-billing/core'
 *
 * export async function receive(token: string): Promise<void> {
 *   const event = await verifyAndParse(token, { issuer: 'https://acme.kinde.com' })
 *   console.log(event.type, event.id)
 * }
 * ```
 */
export async function verifyAndParse<const Schemas extends DataSchemas = NoSchemas>(
  token: string | Uint8Array,
  options: BillingVerifierOptions<Schemas>,
): Promise<BillingEvent<Schemas>> {
  return createBillingVerifier(options).verifyAndParse(token)
}

/** A verifier from judged settings. */
export function openVerifier<Schemas extends DataSchemas>(
  issuer: string,
  settings: VerifierSettings,
): BillingVerifier<Schemas> {
  const keySet =
    settings.jwks === undefined
      ? sharedKeySet(settings.jwksUri ?? `${issuer}/.well-known/jwks`, settings.fetch, settings.keys)
      : fixedKeySet(settings.jwks)
  // the schemas that it applies are those whose outputs `Schemas` describes
  const verifyAndParse = createJudge(issuer, settings, keySet) as BillingVerifier<Schemas>['verifyAndParse']

  const safeVerifyAndParse = async (token: string | Uint8Array): Promise<VerifyResult<Schemas>> => {
    try {
      return { ok: true, event: await verifyAndParse(token) }
    } catch (error) {
      return { ok: false, error: asKindeWebhookError(error) }
    }
  }
  const verifyRequest = async (request: Request): Promise<BillingEvent<Schemas>> =>
    verifyAndParse(
      await readBody(() => unreadBody(request), {
        maxBytes: settings.maxTokenBytes,
        timeoutMs: REQUEST_TIMEOUT_MS,
      }),
    )
  return { verifyAndParse, safeVerifyAndParse, verifyRequest }
}

/** The checks, in their order: each room of the house is entered once. Rejects with a KindeWebhookError only. */
function createJudge(
  issuer: string,
  settings: VerifierSettings,
  keySet: KeySet,
): (input: unknown) => Promise<BillingEvent> {
  const { maxTokenBytes, clockToleranceMs, replayWindowMs, dataSchemas, onWarning } = settings
  const typesWithoutCustomer = new Set<string>()

  const warnOfMissingCustomer = (event: BillingEvent): void => {
    const { id, userId, orgCode } = event.customer
    if ((id ?? userId ?? orgCode) !== undefined || typesWithoutCustomer.has(event.type)) return
    typesWithoutCustomer.add(event.type)
    onWarning({
      code: 'customer_not_found',
      message: `${event.type} names no customer where one is expected: Kinde may have changed the shape of data. Look at event.data.`,
    })
  }

  return async (input) => {
    try {
      const token = readToken(input, maxTokenBytes)
      const now = settings.now()
      if (!Number.isFinite(now)) throw misconfigured('now', now, 'it must return the time in epoch milliseconds')
      const found = keySet.find(token.kid, { now, onWarning })
      const claims = parseClaims(await verifySignature(token, found instanceof Promise ? await found : found))
      judgeToken(claims, issuer, now, clockToleranceMs)
      const type = judgeType(claims)
      const envelope = readBillingEnvelope(claims)
      judgeWindow(envelope.timestamp, now, replayWindowMs, clockToleranceMs)
      const event = buildEvent(type, claims, envelope)
      const schema = dataSchemas[type]
      if (schema !== undefined) Object.assign(event, { data: await checkData(schema, type, event.data) })
      warnOfMissingCustomer(event)
      return event
    } catch (error) {
      throw asKindeWebhookError(error)
    }
  }
}

/** The payload's bytes, proven by one of the keys. All cryptography and JWS rules are jose's. */
async function verifySignature({ jws }: Token, keys: readonly CryptoKey[]): Promise<Uint8Array> {
  for (const key of keys) {
    try {
      return (await compactVerify(jws, key, { algorithms: ['RS256'] })).payload
    } catch (error) {
      if (error instanceof JWSSignatureVerificationFailed) continue
      // jose's own error is not passed on: it may hold parts of the token
      if (error instanceof JOSEError)
        throw new KindeWebhookError('malformed_token', 'The token is not a JWS that jose accepts (RFC 7515).')
      throw error
    }
  }
  throw new KindeWebhookError('invalid_signature', "The signature is not one of the issuer's key.")
}

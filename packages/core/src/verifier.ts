import { JOSEError, JWSSignatureVerificationFailed } from 'jose/errors'
import { flattenedVerify } from 'jose/jws/flattened/verify'
import { assertWebRequest, readBody, unreadBody } from './body.js'
import { validateClaims } from './claims.js'
import { buildEvent } from './decode.js'
import { KindeWebhookError, toKindeWebhookError } from './errors.js'
import type { BillingEvent } from './events.js'
import { isJsonObject } from './json.js'
import { localKeySet, sharedKeySet } from './jwks/index.js'
import {
  type BillingVerifierOptions,
  resolveVerifierOptions,
  VERIFIER_OPTIONS,
  type VerifierSettings,
} from './options.js'
import { applySchema, type DataSchemas, type NoSchemas } from './standard-schema.js'
import { parseToken, type Token } from './token.js'
import { assertKnownOptions, assertObject, invalidConfiguration, parseIssuer } from './validate.js'

/** Result of `safeVerifyAndParse`. */
export type VerifyResult<Schemas extends DataSchemas = NoSchemas> =
  | {
      /** The token is a billing event of the issuer. */
      readonly ok: true
      /** The event. */
      readonly event: BillingEvent<Schemas>
    }
  | {
      /** The token was refused, or could not be verified. */
      readonly ok: false
      /** The reason. */
      readonly error: KindeWebhookError
    }

/** Verifies and decodes deliveries of one issuer. Create one and keep it: it holds the issuer's keys. */
export interface BillingVerifier<Schemas extends DataSchemas = NoSchemas> {
  /**
   * Verifies that a token is a webhook of this issuer, and decodes it.
   *
   * @param token - The exact body of the request: a compact JWS. One trailing line end is tolerated.
   * @returns The event.
   * @throws KindeWebhookError with the codes of the token, the claims, the keys and the schema
   * @throws UnsupportedEventError for a verified event of another type
   */
  verifyAndParse(token: string | Uint8Array): Promise<BillingEvent<Schemas>>
  /**
   * Verifies and decodes like {@link BillingVerifier.verifyAndParse}, and never rejects.
   *
   * @param token - The exact body of the request.
   * @returns The event or the error.
   */
  safeVerifyAndParse(token: string | Uint8Array): Promise<VerifyResult<Schemas>>
  /**
   * Reads the body of a Web `Request`, at most `maxTokenBytes` and for at most 10 s, then verifies and decodes it.
   *
   * @param request - A request whose body has not been read.
   * @returns The event.
   * @throws KindeWebhookError as {@link BillingVerifier.verifyAndParse}, and `body_already_parsed`, `body_unreadable`,
   * `request_timeout`; `invalid_configuration` for anything but a Web `Request`
   */
  verifyRequest(request: Request): Promise<BillingEvent<Schemas>>
}

const REQUEST_TIMEOUT_MS = 10_000

/**
 * Creates a verifier for one Kinde domain.
 *
 * @param options - The issuer, and what differs from the defaults.
 * @returns A verifier, to keep for the life of the process.
 * @throws KindeWebhookError `invalid_configuration`, naming the option and the fix
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
  assertObject('options', options, "pass an object, such as { issuer: 'https://acme.kinde.com' }")
  assertKnownOptions('createBillingVerifier', options, VERIFIER_OPTIONS.split(' '))
  const issuer = parseIssuer(options.issuer)
  const settings = resolveVerifierOptions(options)
  const { verify } = createTokenVerifier(issuer, settings)
  const { dataSchemas, maxTokenBytes } = settings
  // Without schemas nothing waits a second time. `Schemas` describes the outputs of the schemas in the settings.
  const verifyAndParse = (
    Object.keys(dataSchemas).length === 0
      ? verify
      : async (token: string | Uint8Array) => applySchema(await verify(token), dataSchemas)
  ) as BillingVerifier<Schemas>['verifyAndParse']
  return {
    verifyAndParse,
    async safeVerifyAndParse(token) {
      try {
        return { ok: true, event: await verifyAndParse(token) }
      } catch (error) {
        return { ok: false, error: toKindeWebhookError(error) }
      }
    },
    async verifyRequest(request) {
      assertWebRequest(request)
      const limits = { maxBytes: maxTokenBytes, timeoutMs: REQUEST_TIMEOUT_MS }
      return verifyAndParse(await readBody(() => unreadBody(request), limits))
    },
  }
}

/**
 * Verifies and decodes one token, in one call. The key set is shared in the process. Options are validated when they differ
 * from those of the call before; {@link createBillingVerifier} does it once.
 *
 * @param token - The exact body of the request: a compact JWS. One trailing line end is tolerated.
 * @param options - The issuer, and what differs from the defaults.
 * @returns The event.
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
  const members = ownMembers(options)
  const isAgain = members !== undefined && areSame(members, latest.members)
  // The same options have the same schemas.
  const verifier = isAgain ? (latest.verifier as BillingVerifier<Schemas>) : createBillingVerifier(options)
  latest = { members: members ?? [], verifier }
  return verifier.verifyAndParse(token)
}

type Members = readonly (readonly [name: string, value: unknown])[]

/** The verifier of the call before. Without it, a call with the same options each time takes a third longer. */
let latest: { readonly members: Members; readonly verifier?: unknown } = { members: [] }

/** The members of options, unless some are inherited, or are objects, which may be changed inside before the next call. */
function ownMembers(options: object): Members | undefined {
  if (!isJsonObject(options) || Object.getPrototypeOf(options) !== Object.prototype) return undefined
  const members = Object.entries(options)
  return members.some(([, value]) => typeof value === 'object') ? undefined : members
}

const areSame = (members: Members, before: Members): boolean =>
  members.length > 0 &&
  members.length === before.length &&
  members.every(([name, value], index) => name === before[index]?.[0] && value === before[index][1])

/** Verifies the tokens of one issuer, and gives each event before the application's schema is applied. */
export interface TokenVerifier {
  readonly issuer: string
  /** Rejects with a KindeWebhookError only. */
  verify(token: string | Uint8Array): Promise<BillingEvent>
}

/** Creates a verifier from resolved options. It does the checks in their order. */
export function createTokenVerifier(issuer: string, settings: VerifierSettings): TokenVerifier {
  const {
    jwks,
    jwksUri,
    fetch,
    keys: keySettings,
    maxTokenBytes,
    clockToleranceMs,
    replayWindowMs,
    onWarning,
  } = settings
  const keySet =
    jwks === undefined
      ? sharedKeySet({ url: jwksUri ?? `${issuer}/.well-known/jwks`, fetch, settings: keySettings })
      : localKeySet(jwks)
  const warnedTypes = new Set<string>()
  /** One warning per event type: if Kinde changes the shape of `data`, the customer is the first thing that is missed. */
  const warnIfCustomerMissing = ({ type, customer: { id, userId, orgCode } }: BillingEvent): void => {
    if ((id ?? userId ?? orgCode) !== undefined || warnedTypes.has(type)) return
    warnedTypes.add(type)
    onWarning({
      code: 'customer_not_found',
      message: `${type} names no customer where one is expected: Kinde may have changed the shape of data. Look at event.data.`,
    })
  }
  return {
    issuer,
    async verify(token) {
      try {
        const { jws, kid } = parseToken(token, maxTokenBytes)
        const now = settings.now()
        if (!Number.isFinite(now))
          throw invalidConfiguration('now', now, 'it must return the time in epoch milliseconds')
        const keys = keySet.findFresh(kid, now) ?? (await keySet.find(kid, now, onWarning))
        const payload = await verifySignature(jws, keys)
        const event = buildEvent(validateClaims(payload, { issuer, now, clockToleranceMs, replayWindowMs }))
        warnIfCustomerMissing(event)
        return event
      } catch (error) {
        throw toKindeWebhookError(error)
      }
    },
  }
}

const RS256_ONLY = { algorithms: ['RS256'] }

/** Verifies the signature with the first key that fits. All cryptography and JWS rules are jose's. */
async function verifySignature(jws: Token['jws'], keys: readonly CryptoKey[]): Promise<Uint8Array> {
  for (const key of keys) {
    try {
      const { payload } = await flattenedVerify(jws, key, RS256_ONLY)
      return payload
    } catch (error) {
      // jose's own error is not passed on: it may hold parts of the token.
      if (!(error instanceof JOSEError)) throw error
      if (!(error instanceof JWSSignatureVerificationFailed))
        throw new KindeWebhookError('malformed_token', 'jose does not accept the token as a JWS (RFC 7515).')
    }
  }
  throw new KindeWebhookError('invalid_signature', "The signature does not match the issuer's key.")
}

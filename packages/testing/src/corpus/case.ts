import type { JsonWebKeySet } from '@kinde-billing/core'
import { type BillingEventType, KindeWebhookError, type KindeWebhookErrorCode } from '@kinde-billing/core'
import * as base64url from 'jose/base64url'

/** The part of a token, or of its surroundings, that a case is about. */
export type CorpusFamily =
  | 'algorithm'
  | 'header'
  | 'encoding'
  | 'signature'
  | 'keys'
  | 'payload'
  | 'substitution'
  | 'time'
  | 'compatibility'

/**
 * The required result: an event of this type and id; an authentic delivery of another type, which is
 * acknowledged; or a refusal with this code. `status` is what a receiver without a handler that fails answers.
 */
export type CorpusExpectation =
  | {
      /** It becomes an event. */
      readonly verdict: 'accept'
      /** The answer's status. */
      readonly status: 200
      /** The event's type. */
      readonly type: BillingEventType
      /** The event's id. */
      readonly id: string
    }
  | {
      /** It is authentic, and not a billing event. */
      readonly verdict: 'unsupported'
      /** The answer's status. */
      readonly status: 200
      /** The error's code. */
      readonly code: 'unsupported_event'
    }
  | {
      /** It is refused. */
      readonly verdict: 'reject'
      /** The answer's status. */
      readonly status: number
      /** The error's code. */
      readonly code: KindeWebhookErrorCode
    }

/** Bytes that can be the body of a `Request`. TypeScript before 5.7 does not know `Uint8Array<ArrayBuffer>`. */
export interface CorpusBytes extends Uint8Array {
  /** The memory of the bytes. */
  readonly buffer: ArrayBuffer
}

/** One token, and the required result. */
export interface CorpusCase {
  /** Unique in the corpus. */
  readonly name: string
  /** Its subject. */
  readonly family: CorpusFamily
  /** Why it must be so, with the section of the RFC or the CVE where there is one. */
  readonly reason: string
  /** The body of the delivery. Its bytes can be the body of a `Request`. */
  readonly token: string | CorpusBytes
  /** The issuer's key set, where the case needs another than the corpus's own. */
  readonly jwks?: JsonWebKeySet
  /** The required result. */
  readonly expect: CorpusExpectation
}

type Token = CorpusCase['token']

/** A case that is still being signed. */
export interface CaseDraft {
  readonly name: string
  readonly reason: string
  readonly verdict: 'accept' | 'unsupported' | KindeWebhookErrorCode
  readonly token: Token | Promise<Token>
  readonly jwks: JsonWebKeySet | undefined
}

/** A token that must become an event. */
export function accept(name: string, reason: string, token: CaseDraft['token'], jwks?: JsonWebKeySet): CaseDraft {
  return { name, reason, verdict: 'accept', token, jwks }
}

/** An authentic token of another type. */
export function unsupported(name: string, reason: string, token: CaseDraft['token']): CaseDraft {
  return { name, reason, verdict: 'unsupported', token, jwks: undefined }
}

/** A token that must be refused with this code. */
export function reject(
  code: KindeWebhookErrorCode,
  name: string,
  reason: string,
  token: CaseDraft['token'],
  jwks?: JsonWebKeySet,
): CaseDraft {
  return { name, reason, verdict: code, token, jwks }
}

/** Tokens that must be refused with one code for one reason, by name, each made from what stands beside its name. */
export function rejectEach<Value>(
  code: KindeWebhookErrorCode,
  reason: string,
  values: { readonly [name: string]: Value },
  tokenOf: (value: Value) => CaseDraft['token'],
): CaseDraft[] {
  return Object.entries(values).map(([name, value]) => reject(code, name, reason, tokenOf(value)))
}

/** {@link rejectEach} for tokens that must become events. */
export function acceptEach<Value>(
  reason: string,
  values: { readonly [name: string]: Value },
  tokenOf: (value: Value) => CaseDraft['token'],
): CaseDraft[] {
  return Object.entries(values).map(([name, value]) => accept(name, reason, tokenOf(value)))
}

/** The finished case. */
export async function finish(family: CorpusFamily, draft: CaseDraft): Promise<CorpusCase> {
  const { name, reason, verdict, jwks } = draft
  const token = await draft.token
  return { name, family, reason, token, ...(jwks && { jwks }), expect: expectation(verdict, token) }
}

function expectation(verdict: CaseDraft['verdict'], token: Token): CorpusExpectation {
  if (verdict === 'accept') return { verdict, status: 200, ...identity(token) }
  if (verdict === 'unsupported') return { verdict, status: 200, code: 'unsupported_event' }
  return { verdict: 'reject', status: new KindeWebhookError(verdict, '').status, code: verdict }
}

/** Type and id of a token that is to be accepted. JSON.parse takes the last of duplicate members, and so must a receiver. */
function identity(token: Token): { type: BillingEventType; id: string } {
  const [, payload = ''] = (typeof token === 'string' ? token : new TextDecoder().decode(token)).split('.')
  const { type, event_id: id } = JSON.parse(new TextDecoder().decode(base64url.decode(payload)))
  return { type, id }
}

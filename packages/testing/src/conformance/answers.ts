import { expect } from 'vitest'
import type { HttpAnswer } from './http-answer.js'

/** An answer, as far as adapters must agree on it. */
export interface ExpectedAnswer {
  readonly status: number
  readonly body: string
  readonly allow?: string
  /** Seconds; `known` where they depend on what the receiver knows. */
  readonly retryAfter?: '5' | 'known'
}

const accepted = (outcome: string): ExpectedAnswer => ({ status: 200, body: `{"status":"${outcome}"}` })
const refused = (
  status: number,
  code: string,
  headers: Omit<ExpectedAnswer, 'status' | 'body'> = {},
): ExpectedAnswer => ({
  status,
  body: `{"error":"${code}"}`,
  ...headers,
})

type AnswerName =
  | 'processed'
  | 'duplicate'
  | 'ignored'
  | 'unsupported'
  | 'discarded'
  | 'unauthorized'
  | 'methodNotAllowed'
  | 'unsupportedMediaType'
  | 'payloadTooLarge'
  | 'requestTimeout'
  | 'invalidPayload'
  | 'timestampOutOfRange'
  | 'invalidConfiguration'
  | 'bodyAlreadyParsed'
  | 'schemaMismatch'
  | 'handlerFailed'
  | 'handlerTimeout'
  | 'keysUnavailable'
  | 'inboxUnavailable'
  | 'deliveryInProgress'

/** Every response that there is. All adapters give exactly these. */
export const ANSWERS: Readonly<Record<AnswerName, ExpectedAnswer>> = {
  processed: accepted('processed'),
  duplicate: accepted('duplicate'),
  ignored: accepted('ignored'),
  unsupported: accepted('unsupported'),
  discarded: accepted('discarded'),
  unauthorized: refused(401, 'unauthorized'),
  methodNotAllowed: refused(405, 'method_not_allowed', { allow: 'POST' }),
  unsupportedMediaType: refused(415, 'unsupported_media_type'),
  payloadTooLarge: refused(413, 'payload_too_large'),
  requestTimeout: refused(408, 'request_timeout'),
  invalidPayload: refused(400, 'invalid_payload'),
  timestampOutOfRange: refused(400, 'timestamp_out_of_range'),
  invalidConfiguration: refused(500, 'invalid_configuration'),
  bodyAlreadyParsed: refused(500, 'body_already_parsed'),
  schemaMismatch: refused(500, 'schema_mismatch'),
  handlerFailed: refused(500, 'handler_failed'),
  handlerTimeout: refused(503, 'handler_timeout'),
  keysUnavailable: refused(503, 'keys_unavailable', { retryAfter: 'known' }),
  inboxUnavailable: refused(503, 'inbox_unavailable', { retryAfter: '5' }),
  deliveryInProgress: refused(409, 'delivery_in_progress', { retryAfter: '5' }),
}

/** A framework may add a charset, which means nothing. That the adapters of this project add none is a test of its own. */
const JSON_TYPE = /^application\/json(?:; charset=utf-8)?$/

/** Compares the parts on which adapters must agree; undefined stands for a connection that closed without a response. */
export function expectAnswer(answer: HttpAnswer | undefined, expected: ExpectedAnswer): void {
  const { allow, retryAfter } = expected
  expect(comparable(answer)).toEqual({
    status: expected.status,
    contentType: [expect.stringMatching(JSON_TYPE)],
    allow: allow === undefined ? undefined : [allow],
    retryAfter:
      retryAfter === undefined ? undefined : [expect.stringMatching(retryAfter === '5' ? /^5$/ : /^[1-9]\d*$/)],
    body: expected.body,
  })
}

function comparable(answer: HttpAnswer | undefined): unknown {
  if (answer === undefined) return 'no answer'
  const { status, headers, body } = answer
  return {
    status,
    contentType: headers['content-type'],
    allow: headers['allow'],
    retryAfter: headers['retry-after'],
    body,
  }
}

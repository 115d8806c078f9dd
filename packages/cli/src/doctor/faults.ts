/** One thing an endpoint does wrong: what it will cost in production, and how it is mended. */
export interface Fault {
  readonly title: string
  /** `error`: events are lost, forged or acted on twice. `warning`: worth mending, and not yet a loss. */
  readonly severity: 'error' | 'warning'
  readonly production: string
  readonly mend: string
}

const error = (title: string, production: string, mend: string): Fault => ({
  title,
  severity: 'error',
  production,
  mend,
})
const warning = (title: string, production: string, mend: string): Fault => ({
  title,
  severity: 'warning',
  production,
  mend,
})

const KINDE_GIVES_UP =
  'Kinde takes it for a failure, tries again for 36 h, and disables an endpoint that fails for 72 h: then nothing arrives any more.'
const MARK_LAST =
  "Claim the event before its handler, mark it as done only after the handler has finished, and release the claim if it throws. The receiver's inbox does this."

/** The name of a fault, as the doctor reports it. */
export type FaultId =
  | 'endpoint_unreachable'
  | 'endpoint_died'
  | 'issuer_not_trusted'
  | 'genuine_refused'
  | 'issuer_claim_required'
  | 'json_body_parser'
  | 'decode_without_verification'
  | 'keys_from_token_issuer'
  | 'access_token_accepted'
  | 'unknown_type_refused'
  | 'success_not_200'
  | 'window_too_short'
  | 'key_outage_refused'
  | 'no_recovery_from_outage'
  | 'deduplicates_by_webhook_id'
  | 'marked_before_handled'
  | 'acknowledged_while_at_work'
  | 'duplicate_refused'
  | 'duplicate_handled_again'
  | 'forgery_handled'
  | 'wrong_method_accepted'
  | 'media_type_refused'
  | 'form_accepted'
  | 'compressed_accepted'
  | 'body_unbounded'
  | 'slow_body_refused'
  | 'stalled_body_kept'

/** Everything the doctor can find. */
const FAULTS: { readonly [Id in FaultId]: Fault } = {
  endpoint_unreachable: error(
    'The endpoint does not answer',
    'Nothing is delivered.',
    'Start the application, and check host, port and path in --to.',
  ),
  endpoint_died: error(
    'The endpoint stopped answering',
    'One request of this kind takes the application down.',
    "Look into the application's log for an uncaught exception, and answer what cannot be read instead of throwing.",
  ),
  issuer_not_trusted: error(
    "The endpoint does not trust the doctor's issuer",
    "Nothing can be said about genuine deliveries: the endpoint never asked for the doctor's keys and refused what they signed.",
    'Start the application with KINDE_ISSUER_URL set to the development issuer named above, and run the doctor again.',
  ),
  genuine_refused: error(
    'A genuine delivery is refused',
    KINDE_GIVES_UP,
    "Verify with the issuer's key set and answer 200 once the handler has finished. Look into the application's log for why it refused this one.",
  ),
  issuer_claim_required: error(
    'The token must carry iss',
    "Kinde's webhooks carry no iss, so every real one is refused.",
    'Do not ask for iss, aud, sub or exp. Take the keys from the Kinde domain in your settings; the signature proves the issuer.',
  ),
  json_body_parser: error(
    'A JSON body parser stands in front',
    "Kinde's body is a bare token, which is no JSON: the parser refuses it, or replaces its exact bytes, and the signature cannot be checked.",
    'Mount the webhook before express.json() and its like, or exempt its path, and verify the raw body.',
  ),
  decode_without_verification: error(
    'Tokens are decoded without verification',
    'Anybody who knows the URL can grant plans, mark invoices as paid and cancel customers.',
    "Verify the signature with the issuer's key set and RS256 before a single claim is read, and answer 401 to what fails.",
  ),
  keys_from_token_issuer: error(
    "The keys are taken from the token's iss",
    'Anybody can sign: a forger names a key set of their own, and the endpoint asks it.',
    'Take the issuer from your settings, never from the token.',
  ),
  access_token_accepted: error(
    'An access token is accepted as a webhook',
    'Kinde signs access, ID and machine tokens with the same keys: every signed-in user holds a token that this endpoint takes for an event.',
    'Refuse tokens with claims that only those have: aud, azp, sub, scp, tx, gty, client_id, nonce, at_hash, auth_time.',
  ),
  unknown_type_refused: error(
    'An event of an unknown type is refused',
    `Endpoints also get types, sources and claims that Kinde adds later. ${KINDE_GIVES_UP}`,
    'Answer 200 to every authentic event, whatever its type, and ignore what you do not handle.',
  ),
  success_not_200: error(
    'Success is answered with another status than 200',
    `Kinde counts only 200 as delivered. ${KINDE_GIVES_UP}`,
    'Answer exactly 200, not 201, 202 or 204.',
  ),
  window_too_short: error(
    "The replay window is shorter than Kinde's own retries",
    'Kinde tries for 36 h. Whether later attempts carry a new timestamp is not known; if they do not, whatever fails once is refused for good.',
    'Accept timestamps of up to 72 h, and let the inbox, which remembers event_id, keep replays out.',
  ),
  key_outage_refused: error(
    'An outage of the key set is answered like a forgery',
    "While Kinde's key set cannot be fetched, genuine events look like forgeries: alarms point the wrong way, and nobody looks at the network.",
    'Answer 503 where the keys cannot be fetched, 401 only where a signature was checked and is wrong, and keep serving from the last good key set.',
  ),
  no_recovery_from_outage: error(
    'The endpoint does not recover from an outage of the key set',
    'One failed fetch, and every delivery is refused until the application is restarted.',
    'Do not keep a failed fetch: try again, at most once a second or so.',
  ),
  deduplicates_by_webhook_id: error(
    'Events are deduplicated by webhook-id',
    'The header is not signed: whoever replays a captured delivery under the id of a coming one suppresses that event.',
    'Deduplicate on the signed event_id.',
  ),
  marked_before_handled: error(
    'An event is marked done before its handler has finished',
    'When the handler fails or the process dies, the next attempt is acknowledged as a duplicate, and the event is lost.',
    MARK_LAST,
  ),
  acknowledged_while_at_work: error(
    'A concurrent duplicate is answered 200 while the first attempt is at work',
    'If the first attempt then fails, Kinde has already seen a 200 and does not try again: the event is lost.',
    `Answer 409 while another attempt is at work. ${MARK_LAST}`,
  ),
  duplicate_refused: error(
    'A duplicate is not acknowledged',
    `Kinde delivers at least once. ${KINDE_GIVES_UP}`,
    'Answer 200 to an event that has been handled before.',
  ),
  duplicate_handled_again: error(
    'A duplicate is handled again',
    'Kinde delivers at least once: receipts go out twice, and usage is counted twice.',
    'Remember event_id in an inbox, and answer 200 to what it knows.',
  ),
  forgery_handled: error(
    'A forged event reached the handler',
    'Whatever the answer said, the handler acted on it.',
    'Verify before anything else, and stop at what fails.',
  ),
  wrong_method_accepted: warning(
    'Another method than POST is accepted',
    'Caches, crawlers and prefetching browsers reach the handler.',
    'Route POST only, and answer 405 to the others.',
  ),
  media_type_refused: warning(
    'A genuine delivery is refused for its media type',
    'Kinde has changed its media type before, from application/json to application/jwt. When it does again, every delivery is refused.',
    'Let the signature decide, whatever the content-type says; refuse only forms.',
  ),
  form_accepted: warning(
    'A form is accepted',
    'Browsers send forms across origins without asking, so that any page can make its visitors post to this endpoint.',
    'Answer 415 to application/x-www-form-urlencoded and multipart/form-data.',
  ),
  compressed_accepted: warning(
    'A compressed body is accepted',
    'A few kilobytes can unfold to gigabytes before a signature is looked at.',
    'Answer 415 to every content-encoding but identity. Kinde sends its tokens plain.',
  ),
  body_unbounded: warning(
    'The body has no limit',
    "Anybody can fill the application's memory with one request.",
    'Count the body as it comes, and answer 413 beyond 1 MiB.',
  ),
  slow_body_refused: error(
    'A genuine delivery that arrives slowly is refused',
    KINDE_GIVES_UP,
    'Read the body to its end before it is judged, with a limit of about 10 s.',
  ),
  stalled_body_kept: warning(
    'A request whose body never ends is kept',
    'Each such request holds a connection and its memory: a few thousand, and nobody else is served.',
    'Give a body about 10 s, then answer 408 and close.',
  ),
}

/** A fault that was found, and what showed it. */
export interface Finding extends Fault {
  readonly id: FaultId
  /** `proven`: nothing else explains the answers. `likely`: something else could, and is rarer. */
  readonly confidence: 'proven' | 'likely'
  readonly evidence: string
}

export function finding(id: FaultId, evidence: string, confidence: Finding['confidence'] = 'proven'): Finding {
  return { id, confidence, evidence, ...FAULTS[id] }
}

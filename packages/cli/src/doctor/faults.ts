/** Something an endpoint does wrong. */
export interface Fault {
  readonly title: string
  /** `error`: events are lost, forged or handled twice. `warning`: no loss yet. */
  readonly severity: 'error' | 'warning'
  /** Cost in production. */
  readonly impact: string
  readonly fix: string
}

const error = (title: string, impact: string, fix: string): Fault => ({ title, severity: 'error', impact, fix })
const warning = (title: string, impact: string, fix: string): Fault => ({ title, severity: 'warning', impact, fix })

const KINDE_GIVES_UP =
  'Kinde counts it as a failure, retries for 36 h, and disables an endpoint that fails for 72 h. Then nothing arrives any more.'
const MARK_LAST =
  "Claim the event before its handler, mark it as done only after the handler has finished, and release the claim if it throws. The receiver's inbox does this."
const ANYONE_CAN_SIGN = 'Anyone who knows the URL can grant plans, mark invoices as paid and cancel customers.'

/** Id of a fault, as in the doctor's JSON. */
export type FaultId =
  | 'endpoint_unreachable'
  | 'endpoint_died'
  | 'endpoint_redirects'
  | 'page_in_front'
  | 'issuer_not_trusted'
  | 'genuine_refused'
  | 'events_ignored'
  | 'handler_never_runs'
  | 'issuer_claim_required'
  | 'json_body_parser'
  | 'decode_without_verification'
  | 'algorithm_confusion'
  | 'keys_from_token_header'
  | 'unknown_key_accepted'
  | 'accepted_without_keys'
  | 'keys_from_token_issuer'
  | 'access_token_accepted'
  | 'unknown_type_refused'
  | 'success_not_200'
  | 'window_too_short'
  | 'key_outage_refused'
  | 'no_recovery_from_outage'
  | 'keys_cached_forever'
  | 'deduplicates_by_webhook_id'
  | 'ids_compared_without_case'
  | 'marks_forgotten'
  | 'marked_before_handled'
  | 'acknowledged_before_handled'
  | 'failure_acknowledged'
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
export const FAULTS: { readonly [Id in FaultId]: Fault } = {
  endpoint_unreachable: error(
    'The endpoint does not answer',
    'Nothing is delivered.',
    'Start the application, and check host, port and path in --to.',
  ),
  endpoint_died: error(
    'The endpoint stopped answering',
    'One request of this kind takes the application down.',
    "Look for an uncaught exception in the application's log, and answer unreadable requests instead of throwing.",
  ),
  endpoint_redirects: error(
    'The endpoint redirects',
    KINDE_GIVES_UP,
    'Use the final URL in --to and in Kinde. If the redirect leads to a sign-in page, exempt the webhook path from your authentication middleware.',
  ),
  page_in_front: error(
    'A web page answers instead of the receiver',
    'Deliveries never reach the receiver. If the page is answered with 200, Kinde counts them as delivered, and they are lost.',
    'Check the path in --to. If it is a sign-in page, exempt the webhook path from your authentication middleware; if it is a catch-all route, mount the receiver before it.',
  ),
  issuer_not_trusted: error(
    "The endpoint does not trust the doctor's issuer",
    "Genuine deliveries cannot be checked: the endpoint never asked for the doctor's keys and refused what they signed.",
    'Start the application with KINDE_ISSUER_URL set to the development issuer named above, and run the doctor again.',
  ),
  genuine_refused: error(
    'A genuine delivery is refused',
    KINDE_GIVES_UP,
    "Verify with the issuer's key set and answer 200 once the handler has finished. The application's log has the cause of this refusal.",
  ),
  events_ignored: error(
    'The receiver has no handler',
    'Every event is acknowledged and lost: the receiver answers "ignored" to all billing events.',
    'Pass handlers as `on` or `onEvent`, and check the spelling of the option.',
  ),
  handler_never_runs: error(
    'The handler does not run',
    'Every event is acknowledged and lost.',
    'Check that the handler is registered for the types you need, and that the application counts its runs.',
  ),
  issuer_claim_required: error(
    'The token must carry iss',
    "Kinde's webhooks carry no iss, so every real one is refused.",
    'Do not require iss, aud, sub or exp. Take the keys from the Kinde domain in your settings; the signature proves the issuer.',
  ),
  json_body_parser: error(
    'A JSON body parser stands before the receiver',
    "Kinde's body is a bare token, which is not JSON. The parser refuses it or replaces its exact bytes, and the signature cannot be checked.",
    'Mount the webhook before express.json() and the like, or exempt its path, and verify the raw body.',
  ),
  decode_without_verification: error(
    'Tokens are accepted without verification',
    ANYONE_CAN_SIGN,
    "Verify the signature with the issuer's key set and RS256 before reading any claim, and answer 401 if it fails.",
  ),
  algorithm_confusion: error(
    'HS256 with the public key is accepted',
    `${ANYONE_CAN_SIGN} The public key is public, and here it serves as the secret of an HMAC.`,
    'Allow RS256 only, whatever the token\'s header says: jose calls it algorithms: ["RS256"].',
  ),
  keys_from_token_header: error(
    "The key is taken from the token's header",
    `${ANYONE_CAN_SIGN} The token brings the key that verifies it.`,
    'Ignore jwk, jku, x5c and x5u. Take keys only from the key set of the Kinde domain in your settings.',
  ),
  unknown_key_accepted: error(
    'A token with an unknown key id is accepted',
    `${ANYONE_CAN_SIGN} It is enough to name a key that does not exist.`,
    'Refuse a token with 401 if the key set has no key with its kid.',
  ),
  accepted_without_keys: error(
    'Forgeries are accepted while the key set is unavailable',
    "During an outage of Kinde's key set, anyone can sign.",
    'Answer 503 if the keys cannot be fetched. Kinde retries.',
  ),
  keys_from_token_issuer: error(
    "The keys are taken from the token's iss or jku",
    'Anyone can sign: an attacker names their own key set, and the endpoint asks it.',
    'Take the issuer from your settings, never from the token.',
  ),
  access_token_accepted: error(
    'An access token is accepted as a webhook',
    'Kinde signs access, ID and machine tokens with the same keys: every signed-in user has a token that this endpoint accepts as an event.',
    'Refuse tokens with claims that only those have: aud, azp, sub, scp, gty, client_id, nonce, at_hash, auth_time.',
  ),
  unknown_type_refused: error(
    'An event of an unknown type is refused',
    `Endpoints also receive types, sources and claims that Kinde adds later. ${KINDE_GIVES_UP}`,
    'Answer 200 to every authentic event of any type, and ignore those you do not handle.',
  ),
  success_not_200: error(
    'Success is answered with another status than 200',
    `Kinde counts only 200 as delivered. ${KINDE_GIVES_UP}`,
    'Answer exactly 200, not 201, 202 or 204.',
  ),
  window_too_short: error(
    "The replay window is shorter than Kinde's retries",
    'Kinde retries for 36 h. It is unknown whether later attempts carry a new timestamp. If they do not, an event that fails once is refused for good.',
    'Accept timestamps of up to 72 h, and let an inbox that remembers event_id stop replays.',
  ),
  key_outage_refused: error(
    'An outage of the key set is answered like a forgery',
    "While Kinde's key set cannot be fetched, genuine events look like forgeries: alarms point the wrong way.",
    'Answer 503 if the keys cannot be fetched, and 401 only if a signature was checked and is wrong. Keep using the last good key set.',
  ),
  no_recovery_from_outage: error(
    'The endpoint does not recover from an outage of the key set',
    'After one failed fetch, every delivery is refused until the application restarts.',
    'Do not cache a failed fetch. Try again, at most about once a second.',
  ),
  keys_cached_forever: error(
    'A new key of the issuer is not accepted',
    'When Kinde rotates its keys, every delivery is refused until the application restarts.',
    'Fetch the key set again if a token names an unknown key (at most about every 30 s), and after about 10 minutes at the latest.',
  ),
  deduplicates_by_webhook_id: error(
    'Events are deduplicated by webhook-id',
    'The header is not signed: replaying a captured delivery under the id of a future one suppresses that event.',
    'Deduplicate by the signed event_id.',
  ),
  ids_compared_without_case: error(
    'Event ids are compared without case',
    'Two events whose ids differ only in case count as one, and the second is lost.',
    'Compare event_id exactly: check the collation of the column, and remove toLowerCase().',
  ),
  marks_forgotten: error(
    'Handled events are soon forgotten',
    'A duplicate that arrives after a few other events is handled again: receipts are sent twice, usage is counted twice.',
    'Remember event_id for at least 72 h, not for a number of events.',
  ),
  marked_before_handled: error(
    'An event is marked done before its handler has finished',
    'If the handler fails or the process dies, the next attempt is acknowledged as a duplicate, and the event is lost.',
    MARK_LAST,
  ),
  acknowledged_before_handled: error(
    'The answer comes before the handler has finished',
    'If the handler fails or the process dies after the answer, Kinde has already seen a 200 and does not retry: the event is lost.',
    'Await the handler before answering 200. If the work is too slow, store the event durably first, in a queue or a table.',
  ),
  failure_acknowledged: error(
    'A failed handler is answered 200',
    'Kinde does not retry: every event whose handler fails is lost.',
    'Let the error of the handler become a 500, and do not catch it around the handler.',
  ),
  acknowledged_while_at_work: error(
    'A duplicate is answered 200 while the first attempt is running',
    'If the first attempt then fails, Kinde has already seen a 200 and does not retry: the event is lost.',
    `Answer 409 while another attempt is running. ${MARK_LAST}`,
  ),
  duplicate_refused: error(
    'A duplicate is not acknowledged',
    `Kinde delivers at least once. ${KINDE_GIVES_UP}`,
    'Answer 200 to an event that was handled before.',
  ),
  duplicate_handled_again: error(
    'A duplicate is handled again',
    'Kinde delivers at least once: receipts are sent twice, usage is counted twice.',
    'Remember event_id in an inbox, and answer 200 to known events.',
  ),
  forgery_handled: error(
    'A forged event reached the handler',
    'The handler acted on it, whatever the answer was.',
    'Verify before anything else, and stop if it fails.',
  ),
  wrong_method_accepted: warning(
    'Another method than POST is accepted',
    'Caches, crawlers and prefetching browsers reach the handler.',
    'Route POST only, and answer 405 to the others.',
  ),
  media_type_refused: warning(
    'A genuine delivery is refused because of its media type',
    'Kinde sends application/jwt, and application/json before that. A delivery of another media type is refused.',
    'Let the signature decide, whatever the content-type is. Refuse only forms.',
  ),
  form_accepted: warning(
    'A form is accepted',
    'Browsers send forms across origins without asking, so any page can make its visitors post to this endpoint.',
    'Answer 415 to application/x-www-form-urlencoded and multipart/form-data.',
  ),
  compressed_accepted: warning(
    'A compressed body is accepted',
    'A few kilobytes can unfold to gigabytes before the signature is checked.',
    'Answer 415 to every content-encoding but identity. Kinde sends its tokens uncompressed.',
  ),
  body_unbounded: warning(
    'The body has no size limit',
    "Anyone can fill the application's memory with one request.",
    'Count the bytes of the body as they arrive, and answer 413 beyond 1 MiB.',
  ),
  slow_body_refused: error(
    'A genuine delivery that arrives slowly is refused',
    KINDE_GIVES_UP,
    'Read the body to its end before verifying it, with a limit of about 10 s.',
  ),
  stalled_body_kept: warning(
    'A request whose body never ends is kept open',
    'Each such request holds a connection and memory. A few thousand of them block the application.',
    'Give a body about 10 s, then answer 408 and close.',
  ),
}

/** A fault that was found. */
export interface Finding extends Fault {
  readonly id: FaultId
  /** `proven`: nothing else explains the answers. `likely`: something rarer would explain them as well. */
  readonly confidence: 'proven' | 'likely'
  /** The answers that showed it. */
  readonly evidence: string
}

export function finding(id: FaultId, evidence: string, confidence: Finding['confidence'] = 'proven'): Finding {
  return { id, confidence, evidence, ...FAULTS[id] }
}

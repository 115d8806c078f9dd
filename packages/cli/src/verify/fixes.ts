import type { KindeWebhookErrorCode } from '@kinde-billing/core'

const CHECK_ISSUER =
  'Check that --issuer is the Kinde domain that sent this webhook. Another business or environment may sign with other keys.'
const PASS_AS_SENT =
  'Pass the body exactly as it arrived: only the token, three parts separated by dots, not cut off, wrapped or decoded.'
const SETTING = 'This is a setting of the command. See kinde-billing verify --help.'

/** What to do about a delivery that was refused with this code. */
export const FIXES: { readonly [Code in KindeWebhookErrorCode]: string } = {
  invalid_configuration: SETTING,
  body_already_parsed: SETTING,
  schema_mismatch: SETTING,
  method_not_allowed: 'Kinde sends POST. This request came from elsewhere, such as a browser or a health check.',
  unsupported_media_type:
    'Kinde sends application/jwt, not a form and not compressed. Something between Kinde and the capture changed the request, or it did not come from Kinde.',
  payload_too_large:
    'An event is expected to take a few kilobytes. If this really is a delivery, raise maxTokenBytes in the receiver.',
  body_unreadable: PASS_AS_SENT,
  request_timeout: PASS_AS_SENT,
  receiver_overloaded: PASS_AS_SENT,
  malformed_token: PASS_AS_SENT,
  unsupported_algorithm:
    'Kinde signs with RS256 only. A token with another algorithm, or without one, is not from Kinde. Do not accept it.',
  unknown_key: `${CHECK_ISSUER} If the capture is old, Kinde may have rotated its keys since, and it can no longer be verified.`,
  invalid_signature: `${CHECK_ISSUER} If it is, the token was forged or changed after it was signed. ${PASS_AS_SENT}`,
  token_not_current: "Kinde's webhooks carry no exp. Verify an old token as of its own time with --at <time>.",
  issuer_mismatch: CHECK_ISSUER,
  not_a_webhook:
    'This is an access, ID or machine token, which Kinde signs with the same keys. Take the body of a request that Kinde made to your webhook URL.',
  invalid_payload:
    'The signature is good, but this is not the shape of an event. See the paths above. If Kinde really sent this, please report it.',
  timestamp_out_of_range: 'Verify an old capture as of its own time with --at <time>, or pass --no-window.',
  unsupported_event: 'Nothing to do: it is authentic, and receivers acknowledge it with 200.',
  keys_unavailable:
    'Check that --issuer is right and that this machine can reach it. A receiver answers 503 in this case, and Kinde retries.',
  inbox_unavailable: SETTING,
  delivery_in_progress: SETTING,
  handler_failed: SETTING,
  handler_timeout: SETTING,
  internal_error: 'This is a bug in @kinde-billing/core. Please report it.',
}

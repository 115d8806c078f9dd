import type { KindeWebhookErrorCode } from '@kinde-billing/core'

const NOT_FROM_KINDE =
  'Check that --issuer is the very Kinde domain whose webhook this is: each Kinde business, and each environment of it, signs with keys of its own.'
const AS_SENT =
  'Pass the body exactly as it arrived: the token alone, three parts with dots between, with nothing cut off, wrapped or decoded.'
const APPLICATION = 'This is a setting of the command: see kinde-billing verify --help.'

/** What to do about a delivery that was refused with this code. */
export const MENDS: { readonly [Code in KindeWebhookErrorCode]: string } = {
  invalid_configuration: APPLICATION,
  body_already_parsed: APPLICATION,
  schema_mismatch: APPLICATION,
  method_not_allowed:
    'Kinde posts its webhooks. This request came from somewhere else, such as a browser or a health check.',
  unsupported_media_type:
    'Kinde sends application/jwt, neither a form nor compressed. Something between Kinde and the capture has changed the request, or it is not one of Kinde.',
  payload_too_large: 'Kinde sends a few kilobytes. If this is really a delivery, raise maxTokenBytes in the receiver.',
  body_unreadable: AS_SENT,
  request_timeout: AS_SENT,
  malformed_token: AS_SENT,
  unsupported_algorithm:
    "Kinde signs with RS256 only. A token with another algorithm, or with none, is somebody else's: do not accept it.",
  unknown_key: `${NOT_FROM_KINDE} If the capture is old, Kinde may have rotated its keys since, and it cannot be verified any more.`,
  invalid_signature: `${NOT_FROM_KINDE} If it is, the token was changed after it was signed, or forged. ${AS_SENT}`,
  token_not_current: "Kinde's webhooks carry no exp. Verify an old token as at its own time with --at <time>.",
  issuer_mismatch: NOT_FROM_KINDE,
  not_a_webhook:
    "This is an access, ID or machine token: Kinde signs those with the same keys. Take the body of a request that Kinde made to the webhook's URL.",
  invalid_payload:
    'The signature is good, yet this is not the shape of an event. Look at the paths above; if Kinde really sends this, please report it.',
  timestamp_out_of_range:
    'To look at an old capture, verify it as at its own time with --at <time>, or pass --no-window.',
  unsupported_event: 'Nothing: it is authentic, and receivers acknowledge it with 200.',
  keys_unavailable:
    'Check that --issuer is right and that this machine may reach it. A receiver answers 503 here, and Kinde tries again.',
  inbox_unavailable: APPLICATION,
  delivery_in_progress: APPLICATION,
  handler_failed: APPLICATION,
  handler_timeout: APPLICATION,
  internal_error: 'This is a defect of @kinde-billing/core: please report it.',
}

/** What an access means, for a badge and in a sentence. */
export const ACCESS = {
  active: { name: 'Active', meaning: 'May use everything the plan includes.' },
  past_due: { name: 'Past due', meaning: 'Still in, but a payment is due.' },
  suspended: { name: 'Suspended', meaning: 'Locked out until the payment that is due has arrived.' },
  cancelled: { name: 'Cancelled', meaning: 'Locked out: no agreement runs any more.' },
  none: { name: 'None', meaning: 'Has no agreement yet.' },
}

const EVENTS = {
  'customer.agreement_created': 'Agreement made',
  'customer.agreement_cancelled': 'Agreement cancelled',
  'customer.invoice_overdue': 'Invoice overdue',
  'customer.meter_usage_updated': 'Usage reported',
  'customer.payment_failed': 'Payment failed',
  'customer.payment_succeeded': 'Payment received',
  'customer.plan_assigned': 'Plan assigned',
  'customer.plan_changed': 'Plan changed',
}

export const eventName = (type) => EVENTS[type] ?? type

/** Why a request was answered as it was. Of what is not authentic, the sender is told less: always the same 401. */
const OUTCOMES = {
  processed: 'Signed by Kinde, and new: handled, then acknowledged.',
  duplicate: 'Handled before: acknowledged, so that Kinde stops sending it, and not handled again.',
  unsupported: 'Signed by Kinde, but not about billing: acknowledged and ignored.',
  invalid_signature: 'The signature was not made with Kinde’s key. Somebody else has written this, or changed it.',
  unsupported_algorithm: 'It names no signature, or one that Kinde does not make: anybody could have written it.',
  malformed_token: 'No signed token at all: there is no signature, or no token. Anybody could have written it.',
  unknown_key: 'Signed with a key that Kinde does not publish.',
  not_a_webhook: 'Signed with Kinde’s key, but as a token of another kind, such as the access token of a user.',
  delivery_in_progress: 'Another attempt of the same event was at work: Kinde is asked to come again.',
}

export function explain({ outcome, reason }) {
  return OUTCOMES[outcome] ?? reason ?? outcome
}

const number = new Intl.NumberFormat('en-GB')
export const formatNumber = (value) => number.format(value)

const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const dayAndTime = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
})
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })

/** To the second today, to the minute before. */
export function formatMoment(iso) {
  const date = new Date(iso)
  return date.toDateString() === new Date().toDateString() ? time.format(date) : dayAndTime.format(date)
}

export const formatDay = (iso) => day.format(new Date(iso))

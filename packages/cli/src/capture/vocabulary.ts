import { isBillingEventType } from '@kinde-billing/core'

/** What Kinde's own vocabulary is: the types of its events, and where they come from. */
export const isTypeName = (type: string): boolean =>
  isBillingEventType(type) || /^(?:user|organization|customer)\.[a-z_]{1,40}$/.test(type)
export const SOURCES: ReadonlySet<string> = new Set(['admin', 'api', 'user'])

/** Keys under which a fixed vocabulary is to be expected, and the words of it that name nobody and nothing. */
const VOCABULARY_KEY = /(?:^|_)(?:type|status|state|kind|source|currency|interval|period)$/
const VOCABULARY = new Set(
  `active inactive pending paid unpaid failed succeeded cancelled canceled overdue draft open void trialing past_due
   month monthly year yearly week weekly day daily once recurring fixed metered usd eur gbp aud cad nzd chf jpy
   user organization admin api`.split(/\s+/),
)

export const isVocabulary = (key: string, value: string): boolean =>
  VOCABULARY_KEY.test(key) && VOCABULARY.has(value.toLowerCase())

/** The keys that are read. They are kept whatever else a payload holds. */
export const KNOWN_KEYS: ReadonlySet<string> = new Set(
  `data event_id event_timestamp source timestamp type customer customer_id id email user_id org_code kinde_org_code
   agreement agreement_id customer_agreement_id plan plan_code plan_id code key name invoice invoice_due_on
   next_billing_date due_on meter_id quantity billing_feature_code meter_value`.split(/\s+/),
)

/** A name that a programmer has given. Some payloads have ids or addresses as keys. */
export function isKeyName(key: string): boolean {
  return /^[_$]{0,2}[a-z][a-z0-9_-]{0,47}$/i.test(key) && key.replace(/\D/g, '').length <= 3
}

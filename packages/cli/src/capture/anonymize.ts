import { randomInt } from 'node:crypto'
import { isBillingEventType } from '@kinde-billing/core'
import { shiftDate } from './date-shift.js'
import { disguise, disguisePlainly, LONG, type Random } from './disguise.js'

type JsonObject = Record<string, unknown>

/** Makes claims fit to be shown to anybody. What was the same stays the same, in all claims that one anonymizer sees. */
export interface Anonymizer {
  /**
   * Claims of the same shape: key names, types of values, dates as dates, numbers as numbers. Ids, names, addresses and
   * every other text are replaced, and all dates are moved by the same number of days.
   */
  anonymize(claims: JsonObject): JsonObject
}

/**
 * Makes an anonymizer. What it replaces with what is chance, kept in memory only, so that nobody can go back.
 *
 * @example
 * ```ts
 * import { createAnonymizer } from '@kinde-billing/cli'
 *
 * const { anonymize } = createAnonymizer()
 * console.log(anonymize({ type: 'customer.plan_changed', data: { user_id: 'kp_2f6c1b7d' } }))
 * ```
 */
export function createAnonymizer(random: Random = randomInt): Anonymizer {
  const originals = new Set<string>()
  const disguises = new Map<string, string>()
  const taken = new Set<string>()
  const shiftDays = -100 - random(900)

  /** The disguise of a text: always the same, nobody else's, and without a word of what is hidden. */
  const hide = (text: string): string => {
    const known = disguises.get(text)
    if (known !== undefined) return known
    let other = disguise(text, random)
    for (let tries = 0; tries < MAX_TRIES && !isFit(other); tries++)
      other = tries < MAX_TRIES / 2 ? disguise(text, random) : disguisePlainly(text, random)
    if (shiftDate(other, 0) !== undefined) other = other.replace(/\d/g, '9')
    disguises.set(text, other)
    taken.add(other)
    return other
  }
  const isFit = (text: string): boolean =>
    text.trim() === '' ||
    text.length > LONG ||
    (!taken.has(text) && !originals.has(text.toLowerCase()) && !holdsOriginal(text, originals))

  const anonymizeText = (text: string): string => shiftDate(text, shiftDays) ?? hide(text)

  const anonymizeValue = (value: unknown, key: string): unknown => {
    if (typeof value === 'string')
      return isVocabulary(key, value) && !isNamed(value, originals) ? value : anonymizeText(value)
    if (typeof value === 'number') return Number.isFinite(value) ? Number(hide(String(value))) : null
    if (Array.isArray(value)) return value.map((member: unknown) => anonymizeValue(member, key))
    return isObject(value) ? anonymizeObject(value) : value
  }

  const anonymizeObject = (object: JsonObject): JsonObject => {
    const members = new Map<string, unknown>()
    for (const [key, value] of Object.entries(object)) {
      let name = isKeyName(key) && (KNOWN_KEYS.has(key) || !isNamed(key, originals)) ? key : hide(key)
      while (members.has(name)) name += 'x'
      members.set(name, anonymizeValue(value, key))
    }
    // defines members: one named __proto__ becomes a member like any other
    return Object.fromEntries(members)
  }

  return {
    anonymize(claims) {
      collect(claims, originals)
      const result = anonymizeObject(claims)
      const { type, source } = claims
      if (typeof type === 'string' && isTypeName(type)) result['type'] = type
      if (typeof source === 'string' && SOURCES.has(source)) result['source'] = source
      return result
    },
  }
}

/** What Kinde's own vocabulary is: the types of its events, and where they come from. */
const isTypeName = (type: string): boolean =>
  isBillingEventType(type) || /^(?:user|organization|customer)\.[a-z_]{1,40}$/.test(type)
const SOURCES = new Set(['admin', 'api', 'user'])

/** Keys under which a fixed vocabulary is to be expected, and the words of it that name nobody and nothing. */
const VOCABULARY_KEY = /(?:^|_)(?:type|status|state|kind|source|currency|interval|period)$/
const VOCABULARY = new Set(
  `active inactive pending paid unpaid failed succeeded cancelled canceled overdue draft open void trialing past_due
   month monthly year yearly week weekly day daily once recurring fixed metered usd eur gbp aud cad nzd chf jpy
   user organization admin api`.split(/\s+/),
)

const isVocabulary = (key: string, value: string): boolean =>
  VOCABULARY_KEY.test(key) && VOCABULARY.has(value.toLowerCase())

/** The keys that are read. They are kept whatever else a payload holds. */
const KNOWN_KEYS = new Set(
  `data event_id event_timestamp source timestamp type customer customer_id id email user_id org_code kinde_org_code
   agreement agreement_id customer_agreement_id plan plan_code plan_id code key name invoice invoice_due_on
   next_billing_date due_on meter_id quantity billing_feature_code meter_value`.split(/\s+/),
)

/** A name that a programmer has given. Some payloads have ids or addresses as keys. */
function isKeyName(key: string): boolean {
  return /^[_$]{0,2}[a-z][a-z0-9_-]{0,47}$/i.test(key) && key.replace(/\D/g, '').length <= 3
}

/** Short texts leave little to choose from: then what is found at last must do. */
const MAX_TRIES = 16
const MIN_HIDDEN = 2
const MAX_SHORT = 8

const isNamed = (text: string, originals: ReadonlySet<string>): boolean => originals.has(text.toLowerCase())

/** Whether a short original stands anywhere in a text. A long one does not get there by chance. */
function holdsOriginal(text: string, originals: ReadonlySet<string>): boolean {
  const lower = text.toLowerCase()
  for (let start = 0; start < lower.length; start++)
    for (let length = MIN_HIDDEN; length <= MAX_SHORT && start + length <= lower.length; length++)
      if (originals.has(lower.slice(start, start + length))) return true
  return false
}

/** Every text that is to be hidden: values, and keys that are no names. */
function collect(value: unknown, originals: Set<string>, key = ''): void {
  if (typeof value === 'string' && !isVocabulary(key, value) && shiftDate(value, 0) === undefined) add(value, originals)
  else if (typeof value === 'number') add(String(value), originals)
  else if (Array.isArray(value)) for (const member of value) collect(member, originals, key)
  else if (isObject(value))
    for (const [name, member] of Object.entries(value)) {
      if (!isKeyName(name)) add(name, originals)
      collect(member, originals, name)
    }
}

function add(text: string, originals: Set<string>): void {
  if (text.trim().length >= MIN_HIDDEN && /[\p{L}\p{N}]/u.test(text)) originals.add(text.toLowerCase())
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

import { randomInt } from 'node:crypto'
import { shiftDate } from './date-shift.js'
import { disguise, disguisePlainly, keptStart, LONG } from './disguise.js'
import { isKeyName, isTypeName, isVocabulary, KNOWN_KEYS, SOURCES } from './vocabulary.js'

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
 */
export function createAnonymizer(): Anonymizer {
  const originals: Originals = { values: new Set(), words: new Set() }
  const disguises = new Map<string, string>()
  const taken = new Set<string>()
  const shiftDays = -100 - randomInt(900)

  /** The disguise of a text: always the same, nobody else's, and without a word of what is hidden. */
  const hide = (text: string): string => {
    const known = disguises.get(text)
    if (known !== undefined) return known
    let other = disguise(text)
    for (let tries = 0; tries < MAX_TRIES && !isFit(other); tries++)
      other = tries < MAX_TRIES / 2 ? disguise(text) : disguisePlainly(text)
    disguises.set(text, other)
    taken.add(other)
    return other
  }
  const isFit = (text: string): boolean =>
    text.trim() === '' ||
    text.length > LONG ||
    (!taken.has(text) && !isOriginal(text) && !holdsWord(hiddenPart(text), originals.words))

  const isOriginal = (text: string): boolean => originals.values.has(text.toLowerCase())

  const anonymizeText = (text: string): string => shiftDate(text, shiftDays) ?? hide(text)

  const anonymizeValue = (value: unknown, key: string): unknown => {
    if (typeof value === 'string') return isVocabulary(key, value) && !isOriginal(value) ? value : anonymizeText(value)
    if (typeof value === 'number') return Number.isFinite(value) ? Number(hide(String(value))) : null
    if (Array.isArray(value)) return value.map((member: unknown) => anonymizeValue(member, key))
    return isObject(value) ? anonymizeObject(value) : value
  }

  const anonymizeObject = (object: JsonObject): JsonObject => {
    const members = new Map<string, unknown>()
    for (const [key, value] of Object.entries(object)) {
      let name = isKeyName(key) && (KNOWN_KEYS.has(key) || !isOriginal(key)) ? key : hide(key)
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

/** All that is to be hidden, in lower case: texts as they stand, and the words in them. */
interface Originals {
  readonly values: Set<string>
  readonly words: Set<string>
}

/** Short texts leave little to choose from: then what is found at last must do. */
const MAX_TRIES = 16
const MIN_WORD = 2
const MAX_WORD = 8

/** Whether a short word stands anywhere in a text. A long one does not get there by chance. */
function holdsWord(text: string, words: ReadonlySet<string>): boolean {
  const lower = text.toLowerCase()
  for (let start = 0; start < lower.length; start++)
    for (let length = MIN_WORD; length <= MAX_WORD && start + length <= lower.length; length++)
      if (words.has(lower.slice(start, start + length))) return true
  return false
}

/** Every text that is to be hidden: values, and keys that are no names. */
function collect(value: unknown, originals: Originals, key = ''): void {
  if (typeof value === 'string' && !isVocabulary(key, value) && shiftDate(value, 0) === undefined) add(value, originals)
  else if (typeof value === 'number') add(String(value), originals)
  else if (Array.isArray(value)) for (const member of value) collect(member, originals, key)
  else if (isObject(value))
    for (const [name, member] of Object.entries(value)) {
      if (!isKeyName(name)) add(name, originals)
      collect(member, originals, name)
    }
}

function add(text: string, { values, words }: Originals): void {
  const lower = text.toLowerCase()
  values.add(lower)
  for (const word of hiddenPart(lower).split(/[^\p{L}\p{N}]+/u)) if (word.length >= MIN_WORD) words.add(word)
}

const hiddenPart = (text: string): string => text.slice(keptStart(text).length)

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

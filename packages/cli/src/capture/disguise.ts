import { randomInt } from 'node:crypto'
import { shiftDate } from './date-shift.js'

/** Chance would write words into a text that is longer than this. */
export const LONG = 256

const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
const DIGITS = '0123456789'
const KEPT_SIGNS = /[-_.:/@+,()#]/

/** Prefixes of ids that Kinde is known to write. They say what an id is of, not whose. */
const ID_PREFIX = /^(?:kp|org|customer|agreement|event|plan|meter|invoice|feature|payment|charge|price|webhook)_/
const EMAIL = /^[^\s@]+@[^\s@]+$/
const SCHEME = /^https?:\/\//i
const DECIMAL = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/**
 * Another text of the same shape: letters for letters, digits for digits, as many of them; prefixes of ids stay, a mail
 * address stays one, and so does a decimal number. What cannot be read off the shape is chance.
 */
export function disguise(text: string): string {
  if (text.trim() === '') return text.replace(/\s/gu, ' ')
  if (DECIMAL.test(text)) return disguiseNumber(text)
  if (text.length > LONG) return text.replace(/[0-9]/g, '0').replace(/[^0\s]/gu, 'x')
  if (EMAIL.test(text)) return `${letters(8)}@${letters(6)}.example`
  const kept = keptStart(text)
  return kept + scramble(text.slice(kept.length))
}

/** What a disguise leaves at the beginning of a text. */
export function keptStart(text: string): string {
  return ID_PREFIX.exec(text)?.[0] ?? SCHEME.exec(text)?.[0] ?? ''
}

/** The plainest disguise there is, where the others still look too much like what they hide. */
export function disguisePlainly(text: string): string {
  if (DECIMAL.test(text)) return disguiseNumber(text)
  const kept = keptStart(text)
  return kept + letters(Math.max(4, text.length - kept.length))
}

const letters = (length: number): string => Array.from({ length }, () => LETTERS[randomInt(LETTERS.length)]).join('')

function scramble(text: string): string {
  // signs alone would be left as they are
  if (!/[\p{L}\p{N}]/u.test(text)) return letters(text.length)
  const isHex = /^[0-9a-f-]{8,}$/i.test(text)
  const other = Array.from(text, (char) => {
    if (/[0-9]/.test(char)) return DIGITS[randomInt(10)]
    if (/\s/u.test(char)) return ' '
    if (KEPT_SIGNS.test(char)) return char
    const letter = LETTERS[randomInt(isHex ? 6 : LETTERS.length)] ?? 'x'
    return /[A-Z]/.test(char) ? letter.toUpperCase() : letter
  }).join('')
  // what could be read neither as a number nor as a date must not become one by chance
  if (DECIMAL.test(other)) return other.replace(/e/gi, 'x')
  return shiftDate(other, 0) === undefined ? other : other.replace(/[0-9]/g, '9')
}

/** Zeros stay, so that 0 is 0 and magnitudes are kept; what is finite stays finite, which only an exponent endangers. */
function disguiseNumber(text: string): string {
  const wasFinite = Number.isFinite(Number(text))
  for (let tries = 0; tries < 20; tries++) {
    const other = text.replace(/[1-9]/g, (digit) => String(((Number(digit) + randomInt(8)) % 9) + 1))
    if (Number.isFinite(Number(other)) === wasFinite) return other
  }
  return text.replace(/[1-9]/g, wasFinite ? '1' : '9')
}

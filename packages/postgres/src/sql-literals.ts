/** Printable ASCII without quote and backslash: it stands for itself whatever the settings and the encodings are. */
const PLAIN = /^[\x20-\x26\x28-\x5b\x5d-\x7e]*$/

/**
 * Literals for statements that travel several in one message, which takes no parameters. Text that is not plain is sent
 * as hexadecimal digits, so there is nothing to escape, whatever `standard_conforming_strings` and the encodings are.
 */
export function textLiteral(text: string): string {
  if (PLAIN.test(text)) return `'${text}'`
  return `convert_from(decode('${toHex(storableText(text))}', 'hex'), 'UTF8')`
}

/** Text as Postgres has it once it is stored: it has no U+0000 and no halves of surrogate pairs. */
export function storableText(text: string): string {
  return text.replace(/\0|\p{Cs}/gu, '\ufffd')
}

/** JSON in ASCII, which a database of any encoding stores. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replace(
    /[^\x20-\x7e]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** A number of milliseconds. Postgres's dates end long before the largest numbers do. */
export function msLiteral(ms: number): string {
  return numberLiteral(Math.min(ms, MAX_INTERVAL_MS))
}

/** A date, as its milliseconds. */
export function epochMsLiteral(date: Date): string {
  return numberLiteral(date.getTime())
}

/** A thousand years. */
const MAX_INTERVAL_MS = 1000 * 365 * 86_400_000

function numberLiteral(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError(`Not a finite number: ${value}`)
  return `(${value})::float8`
}

function toHex(text: string): string {
  let hex = ''
  for (const byte of new TextEncoder().encode(text)) hex += HEX[byte]
  return hex
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

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

/** A literal of the type, from its value as Postgres reads it. */
export function literal(text: string, type: string): string {
  return type === 'text' ? textLiteral(text) : `${textLiteral(text)}::${type}`
}

/** An array as one literal. An expression for each element would take the server a fifth of what the whole statement does. */
export function arrayLiteral(texts: readonly string[], type: string): string {
  const elements = texts.map((text) => `"${text.replace(/["\\]/g, '\\$&')}"`)
  return literal(`{${elements.join(',')}}`, `${type}[]`)
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

/** A number of milliseconds, as text. Postgres's dates end long before the largest numbers do. */
export function msText(ms: number): string {
  return numberText(Math.min(ms, MAX_INTERVAL_MS))
}

/** A date as its milliseconds, as text. */
export function epochMsText(date: Date): string {
  return numberText(date.getTime())
}

/** A thousand years. */
const MAX_INTERVAL_MS = 1000 * 365 * 86_400_000

function numberText(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError(`Not a finite number: ${value}`)
  return String(value)
}

function toHex(text: string): string {
  let hex = ''
  for (const byte of new TextEncoder().encode(text)) hex += HEX[byte]
  return hex
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

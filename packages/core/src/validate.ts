import { KindeWebhookError } from './errors.js'
import { BILLING_EVENT_TYPES, isBillingEventType } from './event-types.js'
import { format, kindOf, safely } from './format.js'
import { isJsonObject, type JsonObject } from './json.js'

export { hasBrand } from './errors.js'
export { errorMessage, escapeText, kindOf, stackFrames } from './format.js'
export { docsUrl } from './log.js'
// Here too, so that the state package, which pages of an application use, brings no cryptography along.
export { DiscardEvent } from './receiver/inbox.js'
export { parseDate } from './timestamps.js'
export { withTimeout } from './with-timeout.js'

/** Runtimes end timers below 2³¹ ms: a longer one fires at once. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1

/**
 * Creates the error for a wrong option.
 *
 * @param name - The option.
 * @param value - Its value, formatted and cut.
 * @param fix - The fix, as an imperative without a full stop.
 */
export function invalidConfiguration(name: string, value: unknown, fix: string): KindeWebhookError {
  return new KindeWebhookError('invalid_configuration', `${name} is ${format(value, 120)}: ${fix}.`)
}

/**
 * Refuses options that do not exist, so that a misspelled handler does not lose events without a sign.
 *
 * @param where - The function that takes the options, for the message.
 * @param options - What was passed.
 * @param known - The names of all options.
 * @throws KindeWebhookError `invalid_configuration`
 */
export function assertKnownOptions(where: string, options: unknown, known: readonly string[]): void {
  if (!hasNamedMembers(options))
    throw invalidConfiguration(where, options, `pass a plain object with the options ${known.join(', ')}`)
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown === undefined) return
  const similar = findSimilar(unknown, known)
  throw new KindeWebhookError(
    'invalid_configuration',
    `${where} has no option ${format(unknown)}${similar === undefined ? '.' : `: did you mean ${format(similar)}?`} The options are ${known.join(', ')}.`,
  )
}

/** The known name that takes the fewest edits, if those are few. */
function findSimilar(name: string, known: readonly string[]): string | undefined {
  const edits = (candidate: string): number => countEdits(name.toLowerCase(), candidate.toLowerCase())
  const [closest = ''] = [...known].sort((a, b) => edits(a) - edits(b))
  return edits(closest) <= Math.max(2, Math.ceil(name.length / 3)) ? closest : undefined
}

/** Levenshtein's distance, one row at a time. */
function countEdits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [i, char] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...b].entries())
      next.push(Math.min((row[j] ?? 0) + (char === other ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    row = next
  }
  return row.at(-1) ?? 0
}

export function assertObject(name: string, value: unknown, fix: string): void {
  if (!hasNamedMembers(value)) throw invalidConfiguration(name, value, fix)
}

/** A Map or a Promise is an object too, but its content is not in members: all of it would be ignored without a sign. */
function hasNamedMembers(value: unknown): value is JsonObject {
  return isJsonObject(value) && ['Object', 'Module'].includes(kindOf(value))
}

export function assertFunction(name: string, value: unknown): void {
  if (value === undefined) return
  if (typeof value !== 'function') throw invalidConfiguration(name, value, 'pass a function, or leave it out')
  if (kindOf(value).endsWith('GeneratorFunction'))
    throw invalidConfiguration(name, value, 'pass a plain or an async function, because nothing runs a generator')
}

/** Refuses a returned value that stands for work which has not begun, because the event would be acknowledged and lost. */
export function assertBegun(type: string, returned: unknown): void {
  if (safely(() => isNotBegun(returned), false))
    throw new Error(
      `A handler of ${type} returned a generator or an observable. Nothing runs it: run it in the handler, or await lastValueFrom() of it.`,
    )
}

function isNotBegun(value: unknown): boolean {
  if (!isJsonObject(value)) return false
  const isObservable = ['pipe', 'subscribe'].every((method) => typeof value[method] === 'function')
  return isObservable || kindOf(value).endsWith('Generator')
}

/** Refuses a value of another type. `undefined` stands for the default. */
export function assertType(name: string, value: unknown, type: 'boolean' | 'string'): void {
  if (value !== undefined && typeof value !== type)
    throw invalidConfiguration(name, value, `pass a ${type}, or leave it out`)
}

/** Refuses a value that lacks one of the methods, such as a store without `save()`. */
export function assertMethods(name: string, value: unknown, methods: readonly string[], fix: string): void {
  if (!isJsonObject(value) || methods.some((method) => typeof value[method] !== 'function'))
    throw invalidConfiguration(name, value, fix)
}

/** Refuses an option that is not an object with event types as its own keys. */
export function assertEventTypeKeys(option: string, value: unknown, fix: string): void {
  assertObject(option, value, fix)
  for (const type of Object.keys(Object(value)))
    if (!isBillingEventType(type))
      throw invalidConfiguration(option, type, `it is keyed by event type: one of ${BILLING_EVENT_TYPES.join(', ')}`)
  const inherited = inheritedNames(value).find((name) => name.includes('.'))
  if (inherited !== undefined)
    throw invalidConfiguration(
      option,
      inherited,
      'members of a class or a prototype are not looked at. Pass a plain object, and call the methods in it',
    )
}

function inheritedNames(value: unknown): string[] {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null ? [] : [...Object.getOwnPropertyNames(prototype), ...inheritedNames(prototype)]
}

export function parseNumber(
  name: string,
  value: unknown,
  fallback: number,
  max: number = Number.MAX_VALUE,
  alternative = '',
): number {
  if (value === undefined) return fallback
  if (typeof value === 'number' && value >= 0 && value <= max) return value
  const limit = max === MAX_TIMER_MS ? 'below 2147483648' : 'finite'
  throw invalidConfiguration(
    name,
    value,
    `pass a number that is ${limit} and not negative, ${alternative}or leave it out for ${fallback}`,
  )
}

/** {@link parseNumber} for milliseconds that a timer takes. */
export function parseTimer(name: string, value: unknown, fallback: number): number {
  return parseNumber(name, value, fallback, MAX_TIMER_MS)
}

/**
 * Parses an issuer to scheme and host, without a slash at the end. White space around it is dropped, because secret
 * managers and files add a newline.
 *
 * @param issuer - The option's value.
 * @param name - The setting it comes from, for the message. Default: `issuer`.
 */
export function parseIssuer(issuer: unknown, name = 'issuer'): string {
  const url = parseUrl(name, issuer)
  if (url.pathname !== '/')
    throw invalidConfiguration(name, issuer, `pass your Kinde domain without a path, ${url.origin}`)
  return url.origin
}

const PLAIN_URL = /^https?:\/\/[^/?#@\\\s]+(?:\/[^?#@\\\s]*)?$/i
const LOOPBACK = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/

export function parseUrl(name: string, value: unknown): URL {
  const text = typeof value === 'string' ? value.trim() : ''
  // URL accepts more than a setting should hold: backslashes, a missing slash, spaces inside.
  if (!PLAIN_URL.test(text) || !URL.canParse(text))
    throw invalidConfiguration(
      name,
      value,
      'pass a URL such as https://acme.kinde.com, with its scheme and without query, fragment, credentials, quotes or spaces',
    )
  const url = new URL(text)
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname))
    throw invalidConfiguration(
      name,
      value,
      'use https: plain http: is for loopback only, because anyone who can change the key set can sign events',
    )
  return url
}

import { KindeManagementError } from './errors.js'

const INSTANT = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d(?:\.\d+)?)(?:([Zz])|([+-]\d\d):?(\d\d)?)$/

export function parseDate(value: unknown): Date | undefined {
  const match = typeof value === 'string' ? INSTANT.exec(value) : null
  if (match === null) return undefined
  const [, day, time, zulu, hours, minutes = '00'] = match
  const date = new Date(`${day}T${time}${zulu === undefined ? `${hours}:${minutes}` : 'Z'}`)
  return Number.isNaN(date.getTime()) ? undefined : date
}

export function escapeText(text: string, maxChars: number): string {
  return JSON.stringify(text.slice(0, maxChars))
    .slice(1, -1)
    .replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

export function errorMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const message = error.message === '' ? String(Reflect.get(error, 'code') ?? error.name) : error.message
  return escapeText(error.cause === undefined ? message : `${message} (${errorMessage(error.cause)})`, 600)
}

export function assertKnownOptions(where: string, options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown === undefined) return
  const similar = known.find((name) => name.toLowerCase() === unknown.toLowerCase())
  throw new KindeManagementError(
    'invalid_configuration',
    `${where} has no option ${escapeText(unknown, 64)}${similar === undefined ? '' : `: did you mean ${similar}?`} The options are ${known.join(', ')}.`,
  )
}

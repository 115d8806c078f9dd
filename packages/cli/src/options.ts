import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { InvalidArgumentError } from 'commander'
import { UsageError } from './usage-error.js'

/** A parser for a whole number within bounds, which the message names. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    throw new InvalidArgumentError(`Pass a whole number from ${min} to ${max}.`)
  }
}

/** A point in time: RFC 3339, a date, or epoch milliseconds. */
export function time(text: string): Date {
  const date = /^\d{10,16}$/.test(text) ? new Date(Number(text)) : new Date(text)
  if (Number.isFinite(date.getTime())) return date
  throw new InvalidArgumentError('Pass a time such as 2026-05-01T17:41:45Z, or epoch milliseconds.')
}

/**
 * Reads a file that holds a JSON object.
 *
 * @throws UsageError
 */
export async function readJsonObject(file: string, cwd: string): Promise<{ [member: string]: unknown }> {
  let value: unknown
  try {
    value = JSON.parse(await readFile(resolve(cwd, file), 'utf8'))
  } catch (error) {
    const reason =
      error instanceof SyntaxError
        ? 'it is not JSON'
        : error instanceof Error && 'code' in error
          ? String(error.code)
          : String(error)
    throw new UsageError(`${file} cannot be read (${reason}): name a file that holds a JSON object.`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UsageError(`${file} holds no JSON object: write one, such as {"plan_code": "pro"}.`)
  return { ...value }
}

import type { Dialect } from '@kinde-billing/testing'
import { InvalidArgumentError, Option } from 'commander'
import { DEFAULT_ISSUER_PORT } from './issuer/development-issuer.js'

/** `--json`. Every command has it. */
export const jsonOption = (description = 'write one JSON document'): Option => new Option('--json', description)

/** `--allow-remote`, for commands that send test deliveries. */
export const allowRemoteOption = (): Option =>
  new Option('--allow-remote', 'allow addresses outside this machine and private networks')

/** `--key-file <file>`, for commands that sign with the development key. */
export const keyFileOption = (): Option =>
  new Option('--key-file <file>', 'file of the development key (default: in your state folder, ~/.local/state)')

/** `--issuer-port <port>`, for commands that serve the development issuer. */
export const issuerPortOption = (): Option =>
  new Option('--issuer-port <port>', 'port of the development issuer')
    .argParser(wholeNumber(0, 65_535))
    .default(DEFAULT_ISSUER_PORT)

/** `--data <file>`, for commands that make test events. */
export const dataOption = (): Option =>
  new Option('--data <file>', "JSON object whose members replace those of each event's data")

/** `--dialect <shape>`, for commands that make test events. */
export const dialectOption = (): Option =>
  new Option('--dialect <shape>', 'shape of data: flat keys, nested objects, or flat ids beside a nested plan')
    .choices(['mixed', 'flat', 'nested'] satisfies Dialect[])
    .default('mixed' satisfies Dialect)

/** Parses a whole number. The error names the bounds. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    throw new InvalidArgumentError(`Pass a whole number from ${min} to ${max}.`)
  }
}

/** Parses a point in time: RFC 3339, a date, or epoch milliseconds. */
export function time(text: string): Date {
  const date = /^\d{10,16}$/.test(text) ? new Date(Number(text)) : new Date(text)
  if (Number.isFinite(date.getTime())) return date
  throw new InvalidArgumentError('Pass a time such as 2026-05-01T17:41:45Z, or epoch milliseconds.')
}

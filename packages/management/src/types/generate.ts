import { isBillingEventType } from '@kinde-billing/core'
import type { EventType } from '../events.js'
import { assertEventTypes } from '../options.js'
import { comment, hasKnownText, printObject, printText } from './print.js'
import { readDataShape, type Shape } from './shape.js'

const HEADER = `// Written by "kinde-billing types" from the event types of your Kinde environment. Do not edit: run it again.
/* eslint-disable */
import * as v from 'valibot'
`

const TEXT_HELPER = `
/** Text with known values. Others are possible. */
const text = <const Known extends string>(..._known: Known[]) =>
  v.custom<Known | (string & {})>((value) => typeof value === 'string')
`

/**
 * Writes a TypeScript module with a valibot schema and a type for the `data` of each event type, and with `dataSchemas` for
 * a receiver or verifier.
 *
 * Every member is optional, objects and lists of values are open, formats and patterns are not checked. What a schema says in
 * a way that is not understood is `unknown`, with a comment. The result depends on the schemas only, not on their order.
 *
 * @param eventTypes The answer of `client.eventTypes()`.
 * @returns the text of the module. It needs `valibot`.
 * @throws KindeManagementError `invalid_configuration` for another value.
 *
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises'
 * import { createManagementClient, generateTypes } from '@kinde-billing/management'
 *
 * const client = createManagementClient()
 * await writeFile('src/kinde-events.ts', generateTypes(await client.eventTypes()))
 * ```
 */
export function generateTypes(eventTypes: readonly Pick<EventType, 'code' | 'schema'>[]): string {
  assertEventTypes('generateTypes', eventTypes)
  const byCode = new Map(eventTypes.map(({ code, schema }) => [code, readDataShape(schema)]))
  const codes = [...byCode.keys()].sort()
  const names = createNames()
  const entries = codes.map((code) => ({ code, name: names(code), shape: byCode.get(code) ?? UNKNOWN }))
  const billing = entries.filter(({ code }) => isBillingEventType(code))
  return [
    HEADER,
    ...(entries.some(({ shape }) => shape.kind === 'object' && hasKnownText(shape)) ? [TEXT_HELPER] : []),
    ...entries.map(printEntry),
    '\n/** Pass these to a receiver or verifier as its `dataSchemas`. */\n',
    billing.length === 0
      ? 'export const dataSchemas = {}\n'
      : `export const dataSchemas = {\n${billing.map(({ code, name }) => `  ${printText(code)}: ${name},\n`).join('')}}\n`,
  ].join('')
}

const UNKNOWN: Shape = { kind: 'unknown', why: undefined }

function printEntry({ code, name, shape }: { code: string; name: string; shape: Shape }): string {
  const isObject = shape.kind === 'object'
  const why = isObject ? undefined : shape.kind === 'unknown' ? shape.why : `data is ${shape.kind}, not an object`
  return [
    `\n${comment(`data of ${code}`)}`,
    why === undefined ? '' : comment(why),
    `export const ${name} = ${printObject(isObject ? shape.members : [], '')}\n`,
    `export type ${name} = v.InferOutput<typeof ${name}>\n`,
  ].join('')
}

/** Names for schemas: unique identifiers that contain nothing of a code but ASCII letters and digits. */
function createNames(): (code: string) => string {
  const taken = new Set<string>()
  return (code) => {
    const words = code.split(/[^A-Za-z0-9]+/).filter((word) => word !== '')
    const base = `${words.map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`).join('')}Data`
    const name = /^[A-Z]/.test(base) ? base : `Event${base}`
    for (let count = 1; ; count++) {
      const candidate = count === 1 ? name : `${name}${count}`
      if (taken.has(candidate)) continue
      taken.add(candidate)
      return candidate
    }
  }
}

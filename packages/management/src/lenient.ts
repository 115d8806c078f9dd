import * as v from 'valibot'

/** A member that the client can do without: text, or `undefined` for anything else. */
export const OptionalText: v.GenericSchema<unknown, string | undefined> = v.fallback(v.optional(v.string()), undefined)

/** A number or a numeric string, or `undefined` for anything else. Kinde has been seen to write integers as floats. */
export const OptionalNumber: v.GenericSchema<unknown, number | undefined> = v.fallback(
  v.optional(
    v.pipe(v.union([v.number(), v.pipe(v.string(), v.nonEmpty())]), v.transform(Number), v.number(), v.finite()),
  ),
  undefined,
)

/** An id that decisions rest on: without it, the answer cannot be read. */
export const Id: v.GenericSchema<unknown, string> = v.pipe(v.string(), v.trim(), v.nonEmpty())

/** The answer of a write whose content does not matter: any object, since Kinde documents every member as optional. */
export const Done: v.GenericSchema<unknown> = v.pipe(
  v.unknown(),
  v.check((value) => typeof value === 'object' && value !== null && !Array.isArray(value)),
)

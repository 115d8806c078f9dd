import type { BillingEventType } from './event-types.js'

/** `data` as Kinde sent it. Kinde publishes no schema for it, so every member is `unknown`. */
export interface EventData {
  readonly [key: string]: unknown
}

/**
 * A Standard Schema (https://standardschema.dev, version 1), as valibot, zod and arktype make them. The interface is
 * repeated here, as its authors intend, so that no dependency is needed for it.
 */
export interface DataSchema<Output = unknown> {
  /** What the standard defines; the rest of a schema is its library's own. */
  readonly '~standard': {
    /** The standard's version. */
    readonly version: 1
    /** The library. */
    readonly vendor: string
    /** Judges a value. */
    readonly validate: (value: unknown) => DataSchemaResult<Output> | Promise<DataSchemaResult<Output>>
    /** For the compiler only: what goes in, and what comes out. */
    readonly types?:
      | {
          /** What {@link DataSchema} takes. */
          readonly input: unknown
          /** What it gives. */
          readonly output: Output
        }
      | undefined
  }
}

/** What a Standard Schema's `validate` gives: a value, or issues. */
export type DataSchemaResult<Output> =
  | {
      /** What became of the value. */
      readonly value: Output
      /** None: the value fits. */
      readonly issues?: undefined
    }
  | {
      /** Why the value does not fit. */
      readonly issues: readonly DataSchemaIssue[]
    }

/** What a Standard Schema found wrong, and where. */
export interface DataSchemaIssue {
  /** In the library's words. */
  readonly message: string
  /** The members that lead to it, from the outside in. */
  readonly path?:
    | readonly (
        | PropertyKey
        | {
            /** The member's name. */
            readonly key: PropertyKey
          }
      )[]
    | undefined
}

/** A Standard Schema per event type, for the types whose `data` the application wants to judge and to type. */
export type DataSchemas = { readonly [Type in BillingEventType]?: DataSchema | undefined }

/** No schema for any type: every `event.data` is as Kinde sent it. */
export type NoSchemas = Record<never, never>

/** The type of `event.data` for one event type: the schema's output where there is a schema. */
export type DataOf<Schemas extends DataSchemas, Type extends BillingEventType> = Schemas extends {
  readonly [Key in Type]: DataSchema<infer Output>
}
  ? Output
  : EventData

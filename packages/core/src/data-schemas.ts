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
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => DataSchemaResult<Output> | Promise<DataSchemaResult<Output>>
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

/** What a Standard Schema's `validate` gives: a value, or issues. */
export type DataSchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly DataSchemaIssue[] }

/** What a Standard Schema found wrong, and where. */
export interface DataSchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
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

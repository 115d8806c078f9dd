import { KindeWebhookError, type KindeWebhookIssue } from './errors.js'
import type { BillingEventType, EventData } from './event-types.js'
import { escapeText } from './format.js'
import { withTimeout } from './with-timeout.js'

/**
 * A Standard Schema (https://standardschema.dev, version 1), such as a schema of valibot, zod or arktype. The interface
 * is repeated here, as its authors intend, so that it needs no dependency.
 */
export interface DataSchema<Output = unknown> {
  /** The part of a schema that the standard defines. */
  readonly '~standard': {
    /** The standard's version. */
    readonly version: 1
    /** The library. */
    readonly vendor: string
    /** Validates a value. */
    readonly validate: (value: unknown) => DataSchemaResult<Output> | Promise<DataSchemaResult<Output>>
    /** Input and output, for the compiler only. */
    readonly types?:
      | {
          /** The type of the input. */
          readonly input: unknown
          /** The type of the output. */
          readonly output: Output
        }
      | undefined
  }
}

/** Result of a Standard Schema's `validate`: a value, or issues. */
export type DataSchemaResult<Output> =
  | {
      /** The output. */
      readonly value: Output
      /** Absent: the value is valid. */
      readonly issues?: undefined
    }
  | {
      /** The problems found. */
      readonly issues: readonly DataSchemaIssue[]
    }

/** A problem that a Standard Schema found. */
export interface DataSchemaIssue {
  /** The library's message. */
  readonly message: string
  /** The path to the member, from the outside in. */
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

/** A Standard Schema per event type, which validates and types `event.data`. */
export type DataSchemas = { readonly [Type in BillingEventType]?: DataSchema | undefined }

/** No schemas: `event.data` is as Kinde sent it. */
export type NoSchemas = { readonly [Type in BillingEventType]?: undefined }

/** The type of `event.data` for one event type: the output of its schema, if there is one. */
export type DataOf<Schemas extends DataSchemas, Type extends BillingEventType> = Schemas extends {
  readonly [Key in Type]: DataSchema<infer Output>
}
  ? Output
  : EventData

const SCHEMA_TIMEOUT_MS = 5000
const MAX_ISSUES = 20

/**
 * Replaces `event.data` by the output of the application's schema for its type, if there is one.
 *
 * @returns The same event.
 * @throws KindeWebhookError `schema_mismatch`, also if the schema throws or takes more than 5 s
 */
export async function applySchema<Event extends { readonly type: BillingEventType; readonly data: unknown }>(
  event: Event,
  schemas: DataSchemas,
): Promise<Event> {
  const schema = schemas[event.type]
  if (schema === undefined) return event
  const { value, issues } = await runSchema(schema, event.type, event.data)
  if (issues === undefined) return Object.assign(event, { data: value })
  throw new KindeWebhookError(
    'schema_mismatch',
    `The data of ${event.type} does not match its schema in dataSchemas. Correct the schema.`,
    { issues },
  )
}

/** The schema's own code runs in here only, and so do the getters of its result. */
async function runSchema(
  schema: DataSchema,
  type: string,
  data: unknown,
): Promise<{ value?: unknown; issues?: KindeWebhookIssue[] }> {
  try {
    const result = await withTimeout(Promise.resolve(schema['~standard'].validate(data)), SCHEMA_TIMEOUT_MS, () => {
      throw new Error('timed out')
    })
    return result.issues === undefined
      ? { value: result.value }
      : { issues: Array.from(result.issues).slice(0, MAX_ISSUES).map(copyIssue) }
  } catch (cause) {
    throw new KindeWebhookError(
      'schema_mismatch',
      `The schema in dataSchemas for ${type} threw, timed out after ${SCHEMA_TIMEOUT_MS} ms, or returned neither a value nor issues.`,
      { cause },
    )
  }
}

/** Copies an issue into plain arrays. Schemas quote the input in their messages, so these are escaped and cut. */
function copyIssue({ message, path = [] }: DataSchemaIssue): KindeWebhookIssue {
  return {
    path: Array.from(path, (segment) => {
      const key = typeof segment === 'object' ? segment.key : segment
      return typeof key === 'number' ? key : escapeText(String(key), 64)
    }),
    message: escapeText(String(message), 200),
  }
}

import type { DataSchema, DataSchemaIssue, DataSchemaResult } from './data-schemas.js'
import { KindeWebhookError, type KindeWebhookIssue } from './errors.js'
import { printable } from './quote.js'

const SCHEMA_TIMEOUT_MS = 5000
const MAX_ISSUES = 20

/**
 * What the application's own schema makes of `data`.
 *
 * @throws KindeWebhookError `schema_mismatch`, also where the schema throws, or does not settle within 5 s
 */
export async function checkData(schema: DataSchema, type: string, data: unknown): Promise<unknown> {
  const result = await settle(schema, type, data)
  if (result.issues === undefined) return result.value
  throw new KindeWebhookError(
    'schema_mismatch',
    `The data of ${type} does not fit its schema in dataSchemas: correct the schema, or what it expects.`,
    {
      issues: Array.from(result.issues).slice(0, MAX_ISSUES).map(readIssue),
    },
  )
}

async function settle(schema: DataSchema, type: string, data: unknown): Promise<DataSchemaResult<unknown>> {
  try {
    const result = schema['~standard'].validate(data)
    return 'then' in result ? await settleInTime(result) : result
  } catch (cause) {
    throw new KindeWebhookError(
      'schema_mismatch',
      `The schema in dataSchemas for ${type} threw, or did not settle within ${SCHEMA_TIMEOUT_MS} ms: it must answer with a value or issues.`,
      { cause },
    )
  }
}

async function settleInTime<Result>(pending: PromiseLike<Result>): Promise<Result> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the schema did not settle in time')), SCHEMA_TIMEOUT_MS)
  })
  return Promise.race([pending, late]).finally(() => clearTimeout(timer))
}

/** Plain arrays, whatever class a schema's own are. Schemas quote the input in their messages, so these are escaped and capped like everything from outside. */
function readIssue({ message, path = [] }: DataSchemaIssue): KindeWebhookIssue {
  return {
    path: Array.from(path, (segment) => {
      const key = typeof segment === 'object' ? segment.key : segment
      return typeof key === 'number' ? key : printable(String(key), 64)
    }),
    message: printable(String(message), 200),
  }
}

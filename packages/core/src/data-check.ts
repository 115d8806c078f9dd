import type { DataSchema, DataSchemaIssue } from './data-schemas.js'
import { KindeWebhookError, type KindeWebhookIssue } from './errors.js'
import { inTime } from './in-time.js'
import { printable } from './quote.js'

const SCHEMA_TIMEOUT_MS = 5000
const MAX_ISSUES = 20

/**
 * What the application's own schema makes of `data`.
 *
 * @throws KindeWebhookError `schema_mismatch`, also where the schema throws, or does not settle within 5 s
 */
export async function checkData(schema: DataSchema, type: string, data: unknown): Promise<unknown> {
  const { value, issues } = await settle(schema, type, data)
  if (issues === undefined) return value
  throw new KindeWebhookError(
    'schema_mismatch',
    `The data of ${type} does not fit its schema in dataSchemas: correct the schema, or what it expects.`,
    { issues },
  )
}

/** All that is the schema's own code runs in here, the reading of its result too. */
async function settle(
  schema: DataSchema,
  type: string,
  data: unknown,
): Promise<{ value?: unknown; issues?: KindeWebhookIssue[] }> {
  try {
    const pending = schema['~standard'].validate(data)
    const result = 'then' in pending ? await inTime(pending, SCHEMA_TIMEOUT_MS, schemaIsLate) : pending
    return result.issues === undefined
      ? { value: result.value }
      : { issues: Array.from(result.issues).slice(0, MAX_ISSUES).map(readIssue) }
  } catch (cause) {
    throw new KindeWebhookError(
      'schema_mismatch',
      `The schema in dataSchemas for ${type} threw, did not settle within ${SCHEMA_TIMEOUT_MS} ms, or gave what is no result: it must answer with a value or issues.`,
      { cause },
    )
  }
}

function schemaIsLate(): never {
  throw new Error('the schema did not settle in time')
}

/**
 * Plain arrays, whatever class a schema's own are. Schemas quote the input in their messages, so these are escaped and
 * capped like everything from outside.
 */
function readIssue({ message, path = [] }: DataSchemaIssue): KindeWebhookIssue {
  return {
    path: Array.from(path, (segment) => {
      const key = typeof segment === 'object' ? segment.key : segment
      return typeof key === 'number' ? key : printable(String(key), 64)
    }),
    message: printable(String(message), 200),
  }
}

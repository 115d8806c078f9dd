import { errorMessage } from '@kinde-billing/core/internal'

/** How to fix what Postgres, or the connection to it, reports. The keys are Postgres's SQLSTATEs and Node's error codes. */
const FIXES: { readonly [code: string]: string } = {
  '42P01':
    'Create the table with ensureSchema or ensureStateSchema of @kinde-billing/postgres, which upgrade an old one too, or name another with --table.',
  '42501': "Use a role in DATABASE_URL that may read and write the inbox's and the states' tables.",
  '28P01': 'Check the user and the password in DATABASE_URL.',
  '28000': 'Check the user and the password in DATABASE_URL.',
  '3D000': 'Check the name of the database in DATABASE_URL.',
  ECONNREFUSED: 'Check the host and the port in DATABASE_URL, and that Postgres is running.',
  ENOTFOUND: 'Check the host in DATABASE_URL.',
  EAI_AGAIN: 'Check the host in DATABASE_URL, and the network.',
}
const OTHER_FIX = 'Check DATABASE_URL and the database.'

/** Returns the error's message with its causes, and how to fix it. */
export function explainDatabaseFailure(error: unknown): { readonly message: string; readonly fix: string } {
  return { message: errorMessage(error).replace(/\.$/, ''), fix: FIXES[findCode(error)] ?? OTHER_FIX }
}

/** Finds the code of an error or of what caused it. */
function findCode(error: unknown, depth = 0): string {
  if (!(error instanceof Error) || depth > 8) return ''
  if ('code' in error && typeof error.code === 'string' && error.code in FIXES) return error.code
  const causes: unknown[] = error instanceof AggregateError ? error.errors : [error.cause]
  return causes.map((cause) => findCode(cause, depth + 1)).find((code) => code !== '') ?? ''
}

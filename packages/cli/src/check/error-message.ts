/** The message of an error with its causes, for one line. */
export function errorMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const own = error.message === '' ? String(Reflect.get(error, 'code') ?? error.name) : error.message
  return error.cause === undefined ? own : `${own} (${errorMessage(error.cause)})`
}

import {
  assertFunction,
  assertKnownOptions,
  assertType,
  errorMessage,
  parseTimer,
  withTimeout,
} from '@kinde-billing/core/internal'
import { databaseOf } from './database.js'
import { type InboxHealth, inboxHealth } from './inbox-health.js'
import type { AnyPostgresPool } from './pool.js'
import { type TableOptions, tableName } from './table-name.js'

/** Options of {@link createHealthHandler}. */
export interface HealthHandlerOptions extends TableOptions {
  /** The pool, or PGlite, of the inbox. */
  pool: AnyPostgresPool
  /** Only this endpoint. Default: all that share the table. */
  name?: string | undefined
  /**
   * How long an event may fail before the response is 503, in milliseconds. Kinde's first attempts are seconds and
   * minutes apart, so a short failure fixes itself. Default: 15 min.
   */
  graceMs?: number | undefined
  /**
   * How long nothing may arrive before the response is 503, in milliseconds. Default: no limit. The inbox forgets an
   * arrival after the receiver's `retentionMs` (7 days), so a longer limit has no effect.
   */
  maxSilenceMs?: number | undefined
  /** How long to wait for the database, in milliseconds. Default: 5 s. */
  timeoutMs?: number | undefined
  /** Called with the database's error, which the response does not tell. Default: `console.error`. */
  onError?: ((error: unknown) => void) | undefined
}

const OPTIONS = ['pool', 'table', 'name', 'graceMs', 'maxSilenceMs', 'timeoutMs', 'onError']

/**
 * Creates a handler that tells a monitor how the inbox is doing, in the Web's `Request` and `Response`.
 *
 * The response is 200 with `{"status":"ok"}`, or 503 with one of `failing` (an event has failed for longer than `graceMs`),
 * `silent` (nothing has arrived for `maxSilenceMs`) and `unavailable` (the database did not answer). The other members are
 * times and counts. It holds no id, no type and no claim.
 *
 * Use it for monitors and alerts. A probe that restarts the application must not depend on it.
 *
 * @param options - The pool and the limits.
 * @returns A handler of GET and HEAD. It never rejects.
 * @throws KindeWebhookError `invalid_configuration`
 *
 * @example
 * ```ts
 * import { createHealthHandler } from '@kinde-billing/postgres'
 * import { Pool } from 'pg'
 *
 * const pool = new Pool({ connectionString: process.env.DATABASE_URL, connectionTimeoutMillis: 5000 })
 * export const GET = createHealthHandler({ pool })
 * ```
 */
export function createHealthHandler(options: HealthHandlerOptions): (request: Request) => Promise<Response> {
  assertKnownOptions('createHealthHandler', options, OPTIONS)
  const { pool, name } = options
  databaseOf(pool)
  assertType('name', name, 'string')
  const table = tableName(options)
  const graceMs = parseTimer('graceMs', options.graceMs, 15 * 60_000)
  const maxSilenceMs =
    options.maxSilenceMs === undefined ? Number.POSITIVE_INFINITY : parseTimer('maxSilenceMs', options.maxSilenceMs, 0)
  const timeoutMs = parseTimer('timeoutMs', options.timeoutMs, 5000)
  assertFunction('onError', options.onError)
  const { onError = logError } = options
  return async ({ method }) => {
    if (method !== 'GET' && method !== 'HEAD')
      return respond(405, method, { error: 'method_not_allowed' }, { allow: 'GET, HEAD' })
    try {
      const health = await withTimeout(inboxHealth(pool, { name, table }), timeoutMs, () => {
        throw new Error(`The database did not answer within ${timeoutMs} ms.`)
      })
      const status = findStatus(health, { graceMs, maxSilenceMs })
      return respond(status === 'ok' ? 200 : 503, method, { status, ...withoutData(health) })
    } catch (error) {
      report(error, onError)
      return respond(503, method, { status: 'unavailable' })
    }
  }
}

type HealthStatus = 'ok' | 'failing' | 'silent'

function findStatus(
  { oldestFailure, failing, lastArrivalAt }: InboxHealth,
  { graceMs, maxSilenceMs }: { readonly graceMs: number; readonly maxSilenceMs: number },
): HealthStatus {
  const now = Date.now()
  const failingForMs = oldestFailure === undefined ? 0 : now - oldestFailure.firstSeenAt.getTime()
  if (failing > 0 && failingForMs >= graceMs) return 'failing'
  // a mark is forgotten after its retention: no arrival on record is a long silence
  if (now - (lastArrivalAt?.getTime() ?? Number.NEGATIVE_INFINITY) > maxSilenceMs) return 'silent'
  return 'ok'
}

/** Leaves out the id and the type of the oldest failure. */
function withoutData({ failing, toRedeliver, dead, ...health }: InboxHealth): Record<string, unknown> {
  const { lastArrivalAt = null, lastSuccessAt = null, failingSince = null, disabledAt = null } = health
  return { failing, toRedeliver, dead, lastArrivalAt, lastSuccessAt, failingSince, disabledAt }
}

function respond(status: number, method: string, body: object, headers: Record<string, string> = {}): Response {
  return new Response(method === 'HEAD' ? null : JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
  })
}

function report(error: unknown, onError: (error: unknown) => void): void {
  try {
    onError(error)
  } catch {
    // the response must not depend on a log
  }
}

function logError(error: unknown): void {
  console.error(`[kinde-billing] health: ${errorMessage(error)}`)
}

import { assertKnownOptions, invalidConfiguration } from '@kinde-billing/core/internal'
import { withSession } from './database.js'
import { toTimestamp } from './list-deliveries.js'
import type { AnyPostgresPool } from './pool.js'
import { jsonText, storableText } from './sql-literals.js'
import { type TableOptions, tableName } from './table-name.js'

/** The claims that {@link eraseClaims} erases. */
export type ClaimsToErase =
  | {
      /** Everything that names this customer: its billing id, user id or organization code, also inside longer texts. */
      customer: string
    }
  | {
      /** Everything that first arrived before this time. */
      before: Date
    }

/**
 * Erases stored claims, and with them the customer's id, error messages and reasons. The mark of a finished event stays, so
 * that it never runs again; an event that is not done can no longer be redelivered. If Kinde delivers such an event again and
 * it fails again, its claims are stored again: erase once more 36 hours after its first attempt.
 *
 * @param pool - a pool or a PGlite
 * @param selection - a customer, or a time
 * @returns how many deliveries held something of it
 * @throws KindeWebhookError `invalid_configuration`
 *
 * @example
 * ```ts
 * import { eraseClaims } from '@kinde-billing/postgres'
 * import { Pool } from 'pg'
 *
 * const pool = new Pool({ connectionString: process.env.DATABASE_URL, connectionTimeoutMillis: 5000 })
 * await eraseClaims(pool, { customer: 'kp_01h2…' })
 * ```
 */
export async function eraseClaims(
  pool: AnyPostgresPool,
  selection: ClaimsToErase,
  options: TableOptions = {},
): Promise<number> {
  assertKnownOptions('eraseClaims', options, ['table'])
  const table = tableName(options)
  const { condition, values } = createSelection(selection)
  const [row] = await withSession(pool, (session) =>
    session.query(
      `with erased_delivery as (
         update ${table} set claims = null, customer = null, claims_expire_at = null, error_message = null,
           redelivery_reason = null, redelivery_requested_at = null, redelivery_due_at = null,
           redelivery_even_if_done = false,
           -- without claims nothing waits for the row; a retry of Kinde's may still come
           expires_at = case when done_at is null then least(expires_at, now() + interval '7 days') else expires_at end
         where ${condition}
           and (claims is not null or customer is not null or error_message is not null or redelivery_reason is not null)
         returning 1
       ) select count(*)::text as count from erased_delivery`,
      values,
    ),
  )
  return Number(row?.count)
}

function createSelection(selection: ClaimsToErase): { condition: string; values: unknown[] } {
  assertKnownOptions('The selection of eraseClaims', selection, ['customer', 'before'])
  if ('before' in selection)
    return { condition: 'first_seen_at < $1::timestamptz', values: [toTimestamp('before', selection.before)] }
  const { customer } = selection
  if (typeof customer !== 'string' || customer.trim() === '')
    throw invalidConfiguration('customer', customer, 'pass an id, such as "customer_0195…"')
  const id = storableText(customer)
  const json = jsonText(customer).slice(1, -1)
  // strpos finds the few rows that are worth a regular expression.
  return {
    condition: `(customer = $1 or (strpos(claims, $2) > 0 and claims ~ $3)
      or (strpos(error_message, $1) > 0 and error_message ~ $4) or (strpos(redelivery_reason, $1) > 0 and redelivery_reason ~ $4))`,
    values: [id, json, asWord(json), asWord(id)],
  }
}

/**
 * A regular expression of Postgres for an id that stands by itself, or in a longer text, but not in a longer id. The text may
 * be JSON, or hold some: `\n` before the id is a line's end and no part of it.
 */
function asWord(id: string): string {
  const literal = id.replace(/[^\w\u0080-\uffff]/g, '\\$&')
  return String.raw`(^|[^A-Za-z0-9_-]|\\[bfnrt]|\\u[0-9a-f]{4})${literal}($|[^A-Za-z0-9_-])`
}

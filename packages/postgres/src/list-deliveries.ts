import { assertKnownOptions, invalidConfiguration, kindOf } from '@kinde-billing/core/internal'
import { withSession } from './database.js'
import { cursorTime, decodeCursor, encodeCursor, parseLimit } from './page.js'
import type { AnyPostgresPool } from './pool.js'
import { jsonText, storableText } from './sql-literals.js'
import {
  DELIVERY_STATUSES,
  type DeliveryStatus,
  deliveryColumns,
  HELD_LOCKS,
  readStoredDelivery,
  type StoredDelivery,
  statusOf,
} from './stored-delivery.js'
import { type TableOptions, tableName } from './table-name.js'

/** The options of {@link listDeliveries}. */
export interface ListDeliveriesOptions extends TableOptions {
  /** Only deliveries in this state. */
  status?: DeliveryStatus | undefined
  /** Only events of this type. */
  type?: string | undefined
  /** Only events that name this customer: its billing id, user id or organization code. Found while claims are kept: see `keepClaims`. */
  customer?: string | undefined
  /** Only deliveries that first arrived at this time or later. */
  since?: Date | undefined
  /** How many at most, 1 to 1000. Default: 50. */
  limit?: number | undefined
  /** The `next` of the page before. */
  after?: string | undefined
}

/** One page of {@link listDeliveries}. */
export interface DeliveryPage {
  /** The deliveries, those that arrived last first. */
  readonly deliveries: readonly StoredDelivery[]
  /** Pass it as `after` to get the next page; `undefined` on the last one. */
  readonly next: string | undefined
}

/**
 * Lists deliveries, those that arrived last first, page by page. Claims are never part of it.
 *
 * @param pool - a pool or a PGlite
 * @param options - filters and the page
 * @throws KindeWebhookError `invalid_configuration`
 *
 * @example
 * ```ts
 * import { listDeliveries } from '@kinde-billing/postgres'
 * import { Pool } from 'pg'
 *
 * const pool = new Pool({ connectionString: process.env.DATABASE_URL, connectionTimeoutMillis: 5000 })
 * const { deliveries } = await listDeliveries(pool, { status: 'failed' })
 * for (const { eventId, type, lastError } of deliveries) console.log(eventId, type, lastError?.message)
 * ```
 */
export async function listDeliveries(
  pool: AnyPostgresPool,
  options: ListDeliveriesOptions = {},
): Promise<DeliveryPage> {
  assertKnownOptions('listDeliveries', options, ['table', 'status', 'type', 'customer', 'since', 'limit', 'after'])
  const table = tableName(options)
  const limit = parseLimit(options.limit)
  const { conditions, values } = createFilter(table, options)
  const rows = await withSession(pool, (session) =>
    session.query(
      `with ${HELD_LOCKS}
       select ${deliveryColumns('delivery', table)}, ${cursorTime('delivery.first_seen_at')} as cursor_time
       from ${table} as delivery
       where ${conditions.join(' and ')}
       order by delivery.first_seen_at desc, delivery.key desc
       limit ${limit + 1}`,
      values,
    ),
  )
  const page = rows.slice(0, limit)
  const last = rows.length > limit ? page.at(-1) : undefined
  return {
    deliveries: page.map(readStoredDelivery),
    next: last && encodeCursor([String(last.cursor_time), String(last.key)]),
  }
}

/** Conditions that an index can answer, next to the exact status. */
const COARSE: Record<DeliveryStatus, string> = {
  done: 'delivery.done_at is not null',
  discarded: 'delivery.done_at is not null',
  failed: 'delivery.done_at is null',
  in_progress: '(delivery.done_at is null or delivery.redelivery_requested_at is not null)',
  to_redeliver: 'delivery.redelivery_requested_at is not null',
}

function createFilter(
  table: string,
  { status, type, customer, since, after }: ListDeliveriesOptions,
): { conditions: string[]; values: unknown[] } {
  const values: unknown[] = []
  const parameter = (value: unknown): string => `$${values.push(value)}`
  const conditions = ['delivery.expires_at > now()']
  if (status !== undefined) {
    if (!DELIVERY_STATUSES.includes(status))
      throw invalidConfiguration('status', status, `pass one of ${DELIVERY_STATUSES.join(', ')}`)
    conditions.push(COARSE[status], `${statusOf('delivery', table)} = ${parameter(status)}`)
  }
  for (const [name, text] of Object.entries({ type, customer }))
    if (text !== undefined && typeof text !== 'string') throw invalidConfiguration(name, text, 'pass a text')
  if (type !== undefined) conditions.push(`delivery.type = ${parameter(storableText(type))}`)
  if (customer !== undefined)
    conditions.push(namesCustomer(table, parameter(storableText(customer)), parameter(jsonText(customer))))
  if (since !== undefined)
    conditions.push(`delivery.first_seen_at >= ${parameter(toTimestamp('since', since))}::timestamptz`)
  if (after !== undefined) {
    const [time, key] = decodeCursor(after)
    conditions.push(
      `(delivery.first_seen_at, delivery.key) < (${parameter(time)}::timestamptz, ${parameter(key)}::text collate "C")`,
    )
  }
  return { conditions, values }
}

/** The events of a customer, by any of its ids. Each branch has an index; claims are only read where they are kept. */
const namesCustomer = (table: string, id: string, json: string): string => `delivery.key in (
  select key from ${table} where customer = ${id}
  union all select key from ${table} where done_at is null and strpos(claims, ${json}) > 0
  union all select key from ${table} where done_at is not null and claims is not null and strpos(claims, ${json}) > 0)`

/** Throws `invalid_configuration` for what is not a valid date. */
export function toTimestamp(name: string, date: unknown): string {
  // of any realm: test runners have their own Date
  if (isDate(date) && Number.isFinite(date.getTime())) return date.toISOString()
  throw invalidConfiguration(name, date, 'pass a valid Date')
}

const isDate = (value: unknown): value is Date => kindOf(value) === 'Date'

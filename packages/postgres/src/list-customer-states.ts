import { assertKnownOptions, assertType, invalidConfiguration } from '@kinde-billing/core/internal'
import type { Access } from '@kinde-billing/state'
import { withSession } from './database.js'
import { cursorTime, decodeCursor, encodeCursor, NO_TIME, parseLimit } from './page.js'
import type { AnyPostgresPool } from './pool.js'
import type { Rows } from './session.js'
import { type StateTableOptions, stateTable } from './state-store-schema.js'
import { epochMs, readDate, readText } from './stored-delivery.js'

/** The filters that {@link listCustomerStates} and {@link countCustomerStates} share. */
export interface CustomerStateFilter extends StateTableOptions {
  /** Only customers whose id, organization code, user id or plan code contains this text, in upper or lower case. */
  search?: string | undefined
}

/** The options of {@link listCustomerStates}. */
export interface ListCustomerStatesOptions extends CustomerStateFilter {
  /** Only customers with this access. */
  access?: Access | undefined
  /** How many at most, 1 to 1000. Default: 50. */
  limit?: number | undefined
  /** The `next` of the page before. */
  after?: string | undefined
}

/** One customer, as the columns of the state table have it. */
export interface CustomerStateRow {
  /** The key of the state, for `read`. */
  readonly key: string
  /** The billing customer's id. */
  readonly customerId: string | undefined
  /** The organization's code. */
  readonly orgCode: string | undefined
  /** The user's id. */
  readonly userId: string | undefined
  /** The access when the row was last written. */
  readonly access: Access
  /** The code of the plan. */
  readonly planCode: string | undefined
  /** The next invoice, as last reported. */
  readonly nextInvoiceOn: Date | undefined
  /** When the latest known event happened. */
  readonly changedAt: Date | undefined
  /** When time alone may change the access: from then on, read the state and summarize it. */
  readonly reviewAt: Date | undefined
}

/** One page of {@link listCustomerStates}. */
export interface CustomerStatePage {
  /** The customers, those whose latest event is newest first. */
  readonly customers: readonly CustomerStateRow[]
  /** Pass it as `after` to get the next page; `undefined` on the last one. */
  readonly next: string | undefined
}

/** How many customers have each access. */
export type CustomerStateCounts = Readonly<Record<Access | 'total', number>>

const ACCESS: readonly Access[] = ['active', 'past_due', 'suspended', 'cancelled', 'none']

/** Customers without an event come last. */
const POSITION = `coalesce(customer.changed_at, '${NO_TIME}')`

/**
 * Lists the customers of a state store, those whose latest event is newest first, page by page.
 *
 * @param pool - a pool or a PGlite
 * @param options - filters and the page
 * @throws KindeWebhookError `invalid_configuration`
 *
 * @example
 * ```ts
 * import { listCustomerStates } from '@kinde-billing/postgres'
 * import { Pool } from 'pg'
 *
 * const pool = new Pool({ connectionString: process.env.DATABASE_URL, connectionTimeoutMillis: 5000 })
 * const { customers } = await listCustomerStates(pool, { access: 'past_due' })
 * for (const { customerId, planCode } of customers) console.log(customerId, planCode)
 * ```
 */
export async function listCustomerStates(
  pool: AnyPostgresPool,
  options: ListCustomerStatesOptions = {},
): Promise<CustomerStatePage> {
  assertKnownOptions('listCustomerStates', options, ['table', 'search', 'access', 'limit', 'after'])
  const { access, after } = options
  const table = stateTable(options)
  const limit = parseLimit(options.limit)
  const { conditions, values } = searchConditions(options)
  if (access !== undefined) {
    if (!ACCESS.includes(access)) throw invalidConfiguration('access', access, `pass one of ${ACCESS.join(', ')}`)
    conditions.push(`customer.access = $${values.push(access)}`)
  }
  if (after !== undefined) {
    const [time, key] = decodeCursor(after)
    conditions.push(
      `(${POSITION}, customer.key) < ($${values.push(time)}::timestamptz, $${values.push(key)}::text collate "C")`,
    )
  }
  const rows = await withSession(pool, (session) =>
    session.query(
      `select customer.key, customer.customer_id, customer.org_code, customer.user_id, customer.access, customer.plan_code,
         ${epochMs('customer.next_invoice_on')} as next_invoice_on, ${epochMs('customer.changed_at')} as changed_at,
         ${epochMs('customer.review_at')} as review_at, ${cursorTime('customer.changed_at')} as cursor_time
       from ${table} as customer
       where ${conditions.join(' and ')}
       order by ${POSITION} desc, customer.key desc
       limit ${limit + 1}`,
      values,
    ),
  )
  const last = rows.length > limit ? rows[limit - 1] : undefined
  return {
    customers: rows.slice(0, limit).map(readRow),
    next: last && encodeCursor([String(last.cursor_time ?? NO_TIME), String(last.key)]),
  }
}

/**
 * Counts the customers of a state store by the access that their rows have.
 *
 * @param pool - a pool or a PGlite
 * @param options - the table, and a search
 * @throws KindeWebhookError `invalid_configuration`
 */
export async function countCustomerStates(
  pool: AnyPostgresPool,
  options: CustomerStateFilter = {},
): Promise<CustomerStateCounts> {
  assertKnownOptions('countCustomerStates', options, ['table', 'search'])
  const table = stateTable(options)
  const { conditions, values } = searchConditions(options)
  const rows = await withSession(pool, (session) =>
    session.query(
      `select customer.access, count(*)::text as count from ${table} as customer
       where ${conditions.join(' and ')} group by customer.access`,
      values,
    ),
  )
  const counts = { active: 0, past_due: 0, suspended: 0, cancelled: 0, none: 0, total: 0 }
  for (const { access, count } of rows) {
    counts[readAccess(access)] += Number(count)
    counts.total += Number(count)
  }
  return counts
}

function searchConditions(options: CustomerStateFilter): { conditions: string[]; values: unknown[] } {
  assertType('search', options.search, 'string')
  // A row without a state is that of a first event which is being applied.
  const conditions = ['customer.state is not null']
  const search = options.search?.replace(/\0|\p{Cs}/gu, '').trim() ?? ''
  if (search === '') return { conditions, values: [] }
  const columns = ['customer_id', 'org_code', 'user_id', 'plan_code']
  // The key holds a name that is too long for its column.
  const texts = [
    `substr(customer.key, strpos(customer.key, ':') + 1)`,
    ...columns.map((column) => `customer.${column}`),
  ]
  conditions.push(`(${texts.map((text) => `${text} ilike $1`).join(' or ')})`)
  return { conditions, values: [`%${search.replace(/[\\%_]/g, '\\$&')}%`] }
}

function readRow(row: Rows[number]): CustomerStateRow {
  return {
    key: String(row.key),
    customerId: readText(row.customer_id),
    orgCode: readText(row.org_code),
    userId: readText(row.user_id),
    access: readAccess(row.access),
    planCode: readText(row.plan_code),
    nextInvoiceOn: readDate(row.next_invoice_on),
    changedAt: readDate(row.changed_at),
    reviewAt: readDate(row.review_at),
  }
}

function readAccess(value: unknown): Access {
  const access = ACCESS.find((one) => one === value)
  if (access === undefined) throw new Error('The table gave an unknown access')
  return access
}

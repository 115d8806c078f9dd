import type { InboxDelivery } from '@kinde-billing/core/receiver'
import {
  arrayValues,
  arrivalStatement,
  arrivalValues,
  isDone,
  MANY_ARRIVALS,
  ONE_ARRIVAL,
  redeliveryArrival,
} from './arrival-statements.js'
import {
  CLAIM,
  claimValues,
  RESTORE,
  readClaimRow,
  restoreValues,
  SEQSCAN_AGAIN,
  type SessionSettings,
} from './claim-statements.js'
import type { KeepOptions } from './keep-claims.js'
import { inline, prepareGroup, type Statement, type StatementDefinition } from './prepared-statements.js'
import type { Rows } from './session.js'
import { ALREADY_MARKED } from './sql-errors.js'
import { jsonText, literal, msText, textLiteral } from './sql-literals.js'

/** How long a statement waits for the row: it is held only between a mark and its commit, or by an operator. */
const ROW_LOCK_TIMEOUT_MS = 2000
/** The same for several rows: each arrival waits for the others' rows. */
const SHARED_LOCK_TIMEOUT_MS = 20

const limitRowLock = (ms: number): string => `set local lock_timeout = ${ms}`
const LIMIT_ROW_LOCK = limitRowLock(ROW_LOCK_TIMEOUT_MS)

/**
 * The statements on the inbox's table. Their values are literals, so that several travel in one message. Every time is the
 * server's.
 */
export interface DeliveryStatements {
  readonly table: string
  /** Records the arrival, and returns the row's state in the last statement. */
  arrival(delivery: InboxDelivery): Statement[]
  /** Records arrivals of different events, none of them a redelivery, and returns the rows' states in the last statement. */
  arrivals(deliveries: readonly InboxDelivery[]): Statement[]
  /** Resets a row whose mark's time is over: it counts as absent. Not by a delete, which the role may not be allowed. */
  forget(delivery: InboxDelivery): Statement[]
  /** Keeps the claims of an event whose earlier attempt ended without a word, as that of a killed process. */
  keep(delivery: InboxDelivery): Statement[]
  /** Claims the key until the transaction ends, reads the row, and sets the savepoint for the handler. */
  claim(delivery: InboxDelivery): Statement[]
  /** Ends the handler's part and marks the delivery. */
  mark(delivery: InboxDelivery, discarded: boolean, settings: SessionSettings): Statement[]
  /** Records why the attempt failed, and keeps the claims. */
  failure(delivery: InboxDelivery, failure: Failure): Statement[]
}

export interface Failure {
  readonly code: string
  readonly message: string
}

export interface ClaimState {
  readonly isClaimed: boolean
  readonly isDone: boolean
  readonly settings: SessionSettings
}

/** Creates the statements for a table whose name is safe, see `tableName`. */
export function deliveryStatements(table: string, keep: KeepOptions): DeliveryStatements {
  // A message prepares what it calls, but for the last one, which cannot be sent again: its statements go with the claim's.
  const prepared = {
    ...prepareGroup({ arrival: arrivalStatement(table, ONE_ARRIVAL) }),
    ...prepareGroup({ arrivals: arrivalStatement(table, MANY_ARRIVALS) }),
    // In this order: a connection that has the first one prepared has them all.
    ...prepareGroup({
      mark: markStatement(table, false, keep),
      restore: RESTORE,
      read: readStatement(table, false),
      claim: CLAIM,
    }),
  }
  const redeliveredMark = markStatement(table, true, keep)
  const keptUntilDone = (delivery: InboxDelivery): string =>
    keep.claims === false
      ? ''
      : `, ${claimColumns(delivery)},
        expires_at = case when known.done_at is null and not ${delivery.redelivery ? ERASED : 'false'} then 'infinity' else known.expires_at end`
  return {
    table,
    arrival: (delivery) =>
      delivery.redelivery
        ? [LIMIT_ROW_LOCK, ...redeliveryArrival(table, delivery)]
        : [LIMIT_ROW_LOCK, prepared.arrival(...arrivalValues(delivery))],
    arrivals: (deliveries) => {
      const [only, ...others] = deliveries
      const isOne = only !== undefined && others.length === 0
      const arrival = isOne ? prepared.arrival(...arrivalValues(only)) : prepared.arrivals(...arrayValues(deliveries))
      return [limitRowLock(SHARED_LOCK_TIMEOUT_MS), arrival]
    },
    forget: ({ key }) => [
      LIMIT_ROW_LOCK,
      `update ${table} set first_seen_at = now(), attempts = 0, done_at = null, discarded = false,
        claims = null, customer = null, claims_expire_at = null,
        failures = 0, failed_at = null, error_code = null, error_message = null,
        redelivery_requested_at = null, redelivery_due_at = null, redelivery_attempts = 0, redelivery_even_if_done = false,
        redelivery_reason = null, redeliveries = 0, redelivered_at = null
      where key = ${textLiteral(key)} and done_at is not null and expires_at <= now()`,
    ],
    keep: (delivery) =>
      keep.claims === false
        ? []
        : [
            LIMIT_ROW_LOCK,
            `update ${table} as known set ${claimColumns(delivery)}, expires_at = 'infinity'
      where key = ${textLiteral(delivery.key)} and done_at is null and claims is null`,
          ],
    claim: ({ key, leaseMs, redelivery }) => [
      prepared.claim(...claimValues(`${table} ${key}`, leaseMs)),
      redelivery
        ? inline({ ...readStatement(table, true), values: [textLiteral(key)] })
        : prepared.read(textLiteral(key)),
      'savepoint before_the_handler',
    ],
    mark: (delivery, discarded, settings) => [
      discarded ? 'rollback to savepoint before_the_handler' : 'release savepoint before_the_handler',
      prepared.restore(...restoreValues(settings)),
      delivery.redelivery
        ? inline({ text: redeliveredMark.text, values: markValues(delivery, discarded, keep) })
        : prepared.mark(...markValues(delivery, discarded, keep)),
    ],
    failure: (delivery, { code, message }) => [
      LIMIT_ROW_LOCK,
      `update ${table} as known set failures = failures + 1, failed_at = clock_timestamp(),
        error_code = ${textLiteral(code)}, error_message = ${textLiteral(message)}${keptUntilDone(delivery)}
      where key = ${textLiteral(delivery.key)} and not ${isDone(delivery.redelivery)}`,
    ],
  }
}

export function readClaim([claims, rows]: readonly Rows[]): ClaimState {
  const claim = claims?.[0]
  const row = rows?.[0]
  if (claim === undefined || row === undefined)
    throw new Error('The row of a delivery that has just arrived is gone from the table')
  return { ...readClaimRow(claim), isDone: String(row.done).startsWith('t') }
}

function claimColumns(delivery: InboxDelivery): string {
  return setClaims(...keptValues(delivery), delivery.redelivery)
}

function setClaims(claims: string, customer: string, redelivery: boolean): string {
  const set = (column: string, value: string): string =>
    `${column} = ${redelivery ? `case when ${ERASED} then null else ${value} end` : value}`
  return `${set('claims', claims)}, ${set('customer', customer)}`
}

function keptValues({ claims, customer }: InboxDelivery): [claims: string, customer: string] {
  const name = customer === undefined ? 'null' : textLiteral(customer.slice(0, MAX_CUSTOMER_CHARS))
  return [textLiteral(jsonText(claims)), name]
}

/** Ids are far shorter. An index entry of Postgres ends at some 2,700 bytes. */
const MAX_CUSTOMER_CHARS = 500

/** Claims that were erased while their redelivery ran stay erased. Those of an event that never arrived were never there. */
const ERASED = '(known.attempts > 0 and known.claims is null)'

/**
 * Reads the row after the lock was taken, so that a mark that was committed meanwhile is seen. Sequential scans are off while
 * it is planned: a plan that was made while the table was small would go on to read all of it.
 */
const readStatement = (table: string, redelivery: boolean): StatementDefinition => ({
  types: ['text'],
  text: `select concat_ws(' ', ${isDone(redelivery)}, ${SEQSCAN_AGAIN}) as done from ${table} as known where key = $1`,
})

/**
 * An error skips the rest of the message, the commit: the cast fails if another statement has marked the row. An upsert,
 * since it is planned in no time, and a row that was deleted meanwhile is there again, marked.
 */
function markStatement(table: string, redelivery: boolean, keep: KeepOptions): StatementDefinition {
  const keepsAll = keep.claims === 'all'
  return {
    types: ['text', 'text', 'text', 'float8', 'float8', 'boolean', ...(keepsAll ? ['text', 'text', 'float8'] : [])],
    text: `insert into ${table} as known (key, event_id, type, occurred_at, done_at, discarded, expires_at)
    values ($1, $2, $3, to_timestamp($4 / 1000), clock_timestamp(), $6, clock_timestamp() + $5 * interval '1 millisecond')
    on conflict (key) do update set done_at = excluded.done_at, expires_at = excluded.expires_at,
      discarded = case when ${isDone(redelivery)} then ('${ALREADY_MARKED} ' || known.done_at)::boolean else excluded.discarded end,
      ${keepsAll ? setClaims('$7', '$8', redelivery) : 'claims = null, customer = null'},
      claims_expire_at = ${keepsAll ? `clock_timestamp() + $9 * interval '1 millisecond'` : 'null'},
      error_code = null, error_message = null,
      ${redelivery ? 'redeliveries = known.redeliveries + 1, redelivered_at = clock_timestamp(),' : ''}
      redelivery_requested_at = null, redelivery_due_at = null, redelivery_attempts = 0, redelivery_even_if_done = false`,
  }
}

function markValues(delivery: InboxDelivery, discarded: boolean, keep: KeepOptions): string[] {
  const keepsAll = keep.claims === 'all'
  const retentionMs = keepsAll ? Math.max(delivery.retentionMs, keep.ms) : delivery.retentionMs
  const claims = keepsAll ? [...keptValues(delivery), literal(msText(keep.ms), 'float8')] : []
  return [...arrivalValues({ ...delivery, retentionMs }), String(discarded), ...claims]
}

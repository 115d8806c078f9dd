import type { Rows } from './session.js'

/**
 * The state of a delivery in the table. `in_progress`: a handler is running, or an attempt came within the last minute and
 * has no result yet. `to_redeliver`: {@link requestRedelivery} has marked it, and {@link redeliver} will run it.
 */
export type DeliveryStatus = 'done' | 'discarded' | 'failed' | 'in_progress' | 'to_redeliver'

export const DELIVERY_STATUSES: readonly DeliveryStatus[] = [
  'done',
  'discarded',
  'failed',
  'in_progress',
  'to_redeliver',
]

/** A delivery as it stands in the table, without its claims. */
export interface StoredDelivery {
  /** `<issuer> <name> <event_id>`. */
  readonly key: string
  /** The Kinde domain that signed it. */
  readonly issuer: string
  /** The endpoint's name. */
  readonly name: string
  /** Kinde's `event_id`. */
  readonly eventId: string
  /** The event's type. */
  readonly type: string
  /** Its state now. */
  readonly status: DeliveryStatus
  /** True if it has not been handled for 30 days and nothing retries it: it stays until you decide. */
  readonly dead: boolean
  /** The customer that the claims name. Kept only as long as the claims are. */
  readonly customer: string | undefined
  /** When the event happened, according to Kinde. */
  readonly occurredAt: Date
  /** When it first arrived. */
  readonly firstSeenAt: Date
  /** When it last arrived. */
  readonly lastAttemptAt: Date
  /** How often it arrived; redeliveries do not count. */
  readonly attempts: number
  /** When it was handled or discarded. */
  readonly doneAt: Date | undefined
  /** How often a handler failed with it. */
  readonly failures: number
  /** The last failure. Code and message are removed once the event is done. */
  readonly lastError: StoredError | undefined
  /** The size of the claims that are kept, in bytes; 0 if none are. */
  readonly claimsBytes: number
  /** The last redelivery that was requested, if any. */
  readonly redelivery: StoredRedelivery | undefined
}

/** The error of a delivery's last failed attempt. */
export interface StoredError {
  /** The error's code, such as `handler_failed`. */
  readonly code: string
  /** The error's message, bounded. It holds no claims. */
  readonly message: string
  /** When the attempt failed. */
  readonly at: Date
}

/** What is known of a delivery's redelivery. */
export interface StoredRedelivery {
  /** Why it was requested. */
  readonly reason: string | undefined
  /** When it was requested; `undefined` once it has run. */
  readonly requestedAt: Date | undefined
  /** When it is tried next. */
  readonly dueAt: Date | undefined
  /** How often this request was tried. */
  readonly attempts: number
  /** How often the event was handled by a redelivery. */
  readonly runs: number
  /** When it last was. */
  readonly lastRunAt: Date | undefined
}

const DEAD_AFTER = `interval '30 days'`

/** A request that is tried no more. The first try of a request always takes place. */
const isGivenUp = (row: string): string =>
  `(${row}.redelivery_attempts > 0 and ${row}.redelivery_requested_at < now() - ${DEAD_AFTER})`

/** A row that {@link redeliver} still has to run. */
export const isToRedeliver = (row: string): string =>
  `(${row}.redelivery_requested_at is not null and (${row}.done_at is null or ${row}.redelivery_even_if_done) and not ${isGivenUp(row)})`

/** The locks of attempts that are running: `held_lock.lock`. */
export const HELD_LOCKS = `held_lock as materialized (
  select (classid::bigint << 32) | objid::bigint as lock from pg_locks
  where locktype = 'advisory' and objsubid = 1 and granted
    and database = (select oid from pg_database where datname = current_database())
)`

/** An attempt is running, or came a moment ago and waits for its turn. Needs {@link HELD_LOCKS}. */
export const isInProgress = (row: string, table: string): string =>
  `(hashtextextended('${table} ' || ${row}.key, 0) in (select lock from held_lock)
    or (${row}.done_at is null and ${row}.failures = 0 and ${row}.last_attempt_at > now() - interval '1 minute'
        and ${row}.redelivery_requested_at is null))`

/** A row's {@link DeliveryStatus}. Needs {@link HELD_LOCKS}. */
export const statusOf = (row: string, table: string): string => `case
  when ${isInProgress(row, table)} then 'in_progress'
  when ${isToRedeliver(row)} then 'to_redeliver'
  when ${row}.done_at is not null and ${row}.discarded then 'discarded'
  when ${row}.done_at is not null then 'done'
  else 'failed' end`

const TIMES = [
  'occurred_at',
  'first_seen_at',
  'last_attempt_at',
  'done_at',
  'failed_at',
  'redelivery_requested_at',
  'redelivery_due_at',
  'redelivered_at',
] as const
const NUMBERS = ['attempts', 'failures', 'redelivery_attempts', 'redeliveries'] as const

/** The columns that {@link readStoredDelivery} reads. As text, so that no type parser of the application's changes them. */
export const deliveryColumns = (row: string, table: string): string => `${row}.key, ${row}.event_id, ${row}.type,
  ${statusOf(row, table)} as status, ${row}.customer, ${row}.error_code, ${row}.error_message, ${row}.redelivery_reason,
  (${row}.done_at is null and not ${isToRedeliver(row)}
    and coalesce(${row}.redelivery_requested_at, ${row}.first_seen_at) < now() - ${DEAD_AFTER})::text as dead,
  coalesce(octet_length(${row}.claims), 0)::text as claims_bytes,
  ${NUMBERS.map((column) => `${row}.${column}::text as ${column}`).join(', ')},
  ${TIMES.map((column) => `${epochMs(`${row}.${column}`)} as ${column}`).join(', ')}`

/** A time as text that {@link readDate} reads. */
export const epochMs = (time: string): string => `(extract(epoch from ${time}) * 1000)::text`

export function readStoredDelivery(row: Rows[number]): StoredDelivery {
  const key = String(row.key)
  const [issuer = '', name = ''] = key.split(' ')
  const failedAt = readDate(row.failed_at)
  return {
    key,
    issuer,
    name,
    eventId: String(row.event_id),
    type: String(row.type),
    status: readStatus(row.status),
    dead: row.dead === 'true',
    customer: readText(row.customer),
    occurredAt: requireDate(row.occurred_at),
    firstSeenAt: requireDate(row.first_seen_at),
    lastAttemptAt: requireDate(row.last_attempt_at),
    attempts: Number(row.attempts),
    doneAt: readDate(row.done_at),
    failures: Number(row.failures),
    lastError:
      failedAt === undefined || typeof row.error_code !== 'string'
        ? undefined
        : { code: row.error_code, message: readText(row.error_message) ?? '', at: failedAt },
    claimsBytes: Number(row.claims_bytes),
    redelivery: readRedelivery(row),
  }
}

function readRedelivery(row: Rows[number]): StoredRedelivery | undefined {
  const requestedAt = readDate(row.redelivery_requested_at)
  const runs = Number(row.redeliveries)
  if (requestedAt === undefined && runs === 0) return undefined
  return {
    reason: readText(row.redelivery_reason),
    requestedAt,
    dueAt: readDate(row.redelivery_due_at),
    attempts: Number(row.redelivery_attempts),
    runs,
    lastRunAt: readDate(row.redelivered_at),
  }
}

function readStatus(value: unknown): DeliveryStatus {
  const status = DELIVERY_STATUSES.find((one) => one === value)
  if (status === undefined) throw new Error('The table gave an unknown status')
  return status
}

export const readText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** Reads what {@link epochMs} gave. */
export function readDate(value: unknown): Date | undefined {
  return typeof value === 'string' ? new Date(Math.floor(Number(value))) : undefined
}

function requireDate(value: unknown): Date {
  const date = readDate(value)
  if (date === undefined) throw new Error('A time that every delivery has is missing from the table')
  return date
}

import type { InboxDelivery } from '@kinde-billing/core/receiver'
import { inline, type StatementDefinition } from './prepared-statements.js'
import type { Rows } from './session.js'
import { arrayLiteral, epochMsText, literal, msText, textLiteral } from './sql-literals.js'

export interface ArrivalState {
  readonly isDone: boolean
  /** True if the mark's time is over. */
  readonly isExpired: boolean
  /** True if the event has not arrived before. */
  readonly isFirst: boolean
  /** True if earlier attempts left no claims behind. */
  readonly isUnkept: boolean
}

/** The delivery is done: nothing runs. Every statement calls the row `known`, which an upsert has to. */
export const isDone = (redelivery: boolean): string =>
  redelivery
    ? '(known.done_at is not null and known.expires_at > now() and not known.redelivery_even_if_done)'
    : '(known.done_at is not null)'

/** The columns that an arrival fills, in the order of the parameters. */
const COLUMNS: readonly { readonly type: string; readonly read: (delivery: InboxDelivery) => string }[] = [
  { type: 'text', read: ({ key }) => key },
  { type: 'text', read: ({ eventId }) => eventId },
  { type: 'text', read: ({ type }) => type },
  { type: 'float8', read: ({ occurredAt }) => epochMsText(occurredAt) },
  { type: 'float8', read: ({ retentionMs }) => msText(retentionMs) },
]

/** The rows of arrivals, and the types of the parameters. Arrays for a single row would cost the server some 20 µs. */
interface ArrivalSource {
  readonly types: readonly string[]
  readonly rows: string
}

export const ONE_ARRIVAL: ArrivalSource = {
  types: COLUMNS.map(({ type }) => type),
  rows: `values ($1, $2, $3, to_timestamp($4 / 1000), now() + $5 * interval '1 millisecond')`,
}

export const MANY_ARRIVALS: ArrivalSource = {
  types: ONE_ARRIVAL.types.map((type) => `${type}[]`),
  rows: `select key, event_id, type, to_timestamp(occurred_ms / 1000), now() + retention_ms * interval '1 millisecond'
    from unnest($1, $2, $3, $4, $5) as arrival(key, event_id, type, occurred_ms, retention_ms)`,
}

/** Counts arrivals. What another attempt has done stays. */
export const arrivalStatement = (table: string, { types, rows }: ArrivalSource): StatementDefinition => ({
  types,
  text: `insert into ${table} as known (key, event_id, type, occurred_at, expires_at)
    ${rows}
    on conflict (key) do update set attempts = known.attempts + 1, last_attempt_at = now(),
      expires_at = case when known.done_at is null then greatest(known.expires_at, excluded.expires_at) else known.expires_at end
    returning ${arrivalState(isDone(false), 'done_at is not null and expires_at <= now()', 'attempts = 1', 'attempts > 1 and claims is null')}`,
})

/** The values of one arrival. */
export const arrivalValues = (delivery: InboxDelivery): string[] =>
  COLUMNS.map(({ type, read }) => literal(read(delivery), type))

/** The values of several arrivals, an array for each column. */
export const arrayValues = (deliveries: readonly InboxDelivery[]): string[] =>
  COLUMNS.map(({ type, read }) => arrayLiteral(deliveries.map(read), type))

/** One column for what {@link readArrivals} reads: each column more costs the server and the client some microseconds. */
const arrivalState = (done: string, expired: string, first: string, unkept: string): string =>
  `known.key, concat_ws(' ', ${done}, ${expired}, ${first}, ${unkept}) as state`

/** A redelivery is not an arrival: `attempts` counts Kinde's. */
export function redeliveryArrival(table: string, delivery: InboxDelivery): string[] {
  const text = `insert into ${table} (key, event_id, type, occurred_at, expires_at, attempts)
    select $1, $2, $3, to_timestamp($4 / 1000), now() + $5 * interval '1 millisecond', 0
    on conflict (key) do nothing`
  return [
    inline({ text, values: arrivalValues(delivery) }),
    `select ${arrivalState(isDone(true), 'false', 'false', 'false')} from ${table} as known where key = ${textLiteral(delivery.key)}`,
  ]
}

/** Reads the states of arrivals, by their keys. */
export function readArrivals(results: readonly Rows[]): ReadonlyMap<string, ArrivalState> {
  const arrivals = new Map<string, ArrivalState>()
  for (const { key, state } of results.at(-1) ?? []) {
    const [done, expired, first, unkept] = String(state).split(' ')
    arrivals.set(String(key), {
      isDone: done === 't',
      isExpired: expired === 't',
      isFirst: first === 't',
      isUnkept: unkept === 't',
    })
  }
  return arrivals
}

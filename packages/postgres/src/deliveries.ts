import type { InboxDelivery } from '@kinde-billing/core/receiver'
import { MAX_TIMER_MS } from './lease.js'
import { type TableOptions, tableName } from './schema.js'
import type { Rows, Session } from './session.js'
import { explainedArrival, LOCK_NOT_AVAILABLE, sqlState } from './sql-errors.js'

/** How long the record of an arrival waits for the row: it is held only between a mark and its commit, or by an operator. */
const ROW_LOCK_TIMEOUT_MS = 2000

const SERVER_GRACE_MS = 1000

/** The statements on the inbox's table. Every time is the server's. */
export interface Deliveries {
  /** Notes that a delivery has arrived, in a transaction of its own: what becomes of it does not undo the note. */
  recordArrival(session: Session, delivery: InboxDelivery): Promise<'done' | 'open' | 'locked'>
  /** Claims the key until the transaction ends, and limits what the server lets the transaction take. */
  claim(session: Session, delivery: InboxDelivery): Promise<boolean>
  /** What stands in the row now that it is claimed: another attempt may have finished just before. */
  readClaimed(session: Session, delivery: InboxDelivery): Promise<'done' | 'open'>
  mark(session: Session, delivery: InboxDelivery, discarded: boolean): Promise<void>
}

export function deliveriesTable(options: TableOptions): Deliveries {
  const table = tableName(options)
  const arrival = arrivalStatement(table)

  return {
    async recordArrival(session, { key, eventId, type, occurredAt, retentionMs }) {
      const values = [key, eventId, type, occurredAt.getTime(), retentionMs, String(ROW_LOCK_TIMEOUT_MS)]
      try {
        return stateOf(await session.query(arrival, values))
      } catch (error) {
        if (sqlState(error) === LOCK_NOT_AVAILABLE) return 'locked'
        throw explainedArrival(error, table)
      }
    },
    async claim(session, { key, leaseMs }) {
      const limitMs = Math.min(Math.ceil(leaseMs) + SERVER_GRACE_MS, MAX_TIMER_MS)
      const [claim] = await session.query(CLAIM, [`${table} ${key}`, limitMs])
      return claim?.['claimed'] === true
    },
    async readClaimed(session, { key }) {
      return stateOf(await session.query(`select done_at is not null as done from ${table} where key = $1`, [key]))
    },
    async mark(session, { key, retentionMs }, discarded) {
      const marked = await session.query(
        `update ${table}
         set done_at = clock_timestamp(), discarded = $2,
             expires_at = clock_timestamp() + $3::float8 * interval '1 millisecond'
         where key = $1 and done_at is null
         returning key`,
        [key, discarded, retentionMs],
      )
      if (marked.length !== 1) throw new Error('The delivery cannot be marked: its row is gone, or marked by another')
    },
  }
}

/** A row that has expired counts as absent: it begins anew. */
function arrivalStatement(table: string): string {
  return `insert into ${table} as known (key, event_id, type, occurred_at, expires_at)
    select $1, $2, $3, to_timestamp($4::float8 / 1000), now() + $5::float8 * interval '1 millisecond'
    where set_config('lock_timeout', $6, true) is not null
    on conflict (key) do update set
      first_seen_at = case when known.expires_at > now() then known.first_seen_at else now() end,
      attempts = case when known.expires_at > now() then known.attempts + 1 else 1 end,
      discarded = known.discarded and known.expires_at > now(),
      done_at = case when known.expires_at > now() then known.done_at end,
      expires_at = case when known.expires_at > now() and known.done_at is not null then known.expires_at
                        else excluded.expires_at end,
      last_attempt_at = now()
    returning done_at is not null as done`
}

// A process that hangs, or that the network has cut off, keeps its transaction open on the server, and with it the claim.
// So the server itself ends it when it has been idle, or busy with one statement, for the length of a lease and a little
// more (a process that is well has closed the connection by then); limits of the application's own that are tighter stay.
const limit = (setting: string): string => `set_config('${setting}',
  case when current_setting('${setting}')::interval between interval '1 ms' and $2::float8 * interval '1 ms'
       then current_setting('${setting}') else $2::text end, true)`

/** An advisory lock: nobody waits for it, it needs no row, and it ends with the transaction, however that ends. */
const CLAIM = `select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as claimed,
  ${limit('idle_in_transaction_session_timeout')}, ${limit('statement_timeout')}`

function stateOf([row]: Rows): 'done' | 'open' {
  if (row === undefined) throw new Error('The row of a delivery that has just arrived is gone from the table')
  return row['done'] === true ? 'done' : 'open'
}

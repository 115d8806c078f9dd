import { KindeWebhookError } from '@kinde-billing/core'
import type { Session } from './session.js'
import { isToRedeliver, readText } from './stored-delivery.js'

/** A delivery whose turn it is. */
export interface DueDelivery {
  readonly key: string
  readonly issuer: string
  readonly eventId: string
  readonly claims: Record<string, unknown>
  readonly reason: string | undefined
}

/** The deliveries of one endpoint that are marked for redelivery. */
export interface RedeliveryQueue {
  /** Takes the oldest delivery that is due, and puts it off so that no other process takes it meanwhile. */
  take(session: Session): Promise<DueDelivery | undefined>
  /** Puts a delivery off that was not handled: each time longer. Drops the request if another attempt has handled it. */
  postpone(session: Session, due: DueDelivery): Promise<void>
  /** Throws if deliveries of several issuers are marked: the receiver has one. */
  assertOneIssuer(session: Session): Promise<void>
}

/** After the n-th attempt: as Kinde does. A request that was made while the event ran has had none. */
const BACK_OFF = `(array[5, 30, 120, 600, 3600, 14400, 43200])[greatest(1, least(redelivery_attempts, 7))] * interval '1 second'`

/** Longer than a handler may take, unless it is told otherwise; a process that dies frees the delivery after it. */
const TAKEN_FOR = `interval '2 minutes'`

export function redeliveryQueue(table: string, name: string): RedeliveryQueue {
  const endpointOf = (row: string): string => `split_part(${row}.key, ' ', 1) || ' ' || split_part(${row}.key, ' ', 2)`
  // An earlier event of the same customer goes first, also while it waits for its next try.
  const take = `update ${table} set redelivery_attempts = redelivery_attempts + 1, redelivery_due_at = now() + ${TAKEN_FOR}
    where key = (
      select due.key from ${table} as due
      where ${isToRedeliver('due')} and due.redelivery_due_at <= now() and due.claims is not null
        and split_part(due.key, ' ', 2) = $1
        and not exists (
          select 1 from ${table} as earlier
          where ${isToRedeliver('earlier')} and earlier.customer = due.customer
            and (earlier.occurred_at, earlier.key) < (due.occurred_at, due.key)
            and ${endpointOf('earlier')} = ${endpointOf('due')}
        )
      order by due.occurred_at, due.key
      limit 1
      for update skip locked
    )
    returning key, event_id, claims, redelivery_reason as reason`
  const postpone = `update ${table} set redelivery_due_at = now() + ${BACK_OFF},
      redelivery_requested_at = case when done_at is null or redelivery_even_if_done then redelivery_requested_at end
    where key = $1 and redelivery_requested_at is not null`
  const issuers = `select distinct split_part(key, ' ', 1) as issuer from ${table} as due
    where ${isToRedeliver('due')} and split_part(due.key, ' ', 2) = $1 limit 2`

  return {
    async take(session) {
      const [row] = await session.query(take, [name])
      if (row === undefined) return undefined
      const key = String(row.key)
      const [issuer = ''] = key.split(' ')
      const claims = JSON.parse(String(row.claims))
      return { key, issuer, eventId: String(row.event_id), claims, reason: readText(row.reason) }
    },
    async postpone(session, { key }) {
      await session.query(postpone, [key])
    },
    async assertOneIssuer(session) {
      const found = (await session.query(issuers, [name])).map(({ issuer }) => issuer)
      if (found.length < 2) return
      throw new KindeWebhookError(
        'invalid_configuration',
        `context: deliveries of several issuers are marked for "${name}" (${found.join(', ')}). Pass context: ({ issuer }) => …, from which the receiver's issuer function knows whose event it is.`,
      )
    },
  }
}

import type { DeliveryOutcome } from '@kinde-billing/core/receiver'
import { customerKey } from '@kinde-billing/state'
import type { Sql } from './database.js'

/** How many requests are kept: anybody can send some, and they must not fill the disk. */
const KEPT = 200

/** The receiver's `onOutcome`: notes every request, what became of it, and why. */
export function logDeliveries(database: Sql): (outcome: DeliveryOutcome) => Promise<void> {
  const statement = `
    with forgotten as (delete from saas_deliveries where id <= (select max(id) from saas_deliveries) - ${KEPT})
    insert into saas_deliveries (outcome, status, reason, type, customer) values ($1, $2, $3, $4, $5)`

  return async ({ outcome, status, event, error, discarded }) => {
    if (status >= 500) console.error(`${outcome} (${status}): ${error?.message}`, error?.cause ?? '')
    const reason = discarded?.message ?? error?.message ?? null
    const customer = (event && customerKey(event)) ?? null
    await database
      .query(statement, [outcome, status, reason, event?.type ?? null, customer])
      .catch((failure: unknown) => console.error('A delivery could not be logged:', failure))
  }
}

// The global one may be a test's, which runs nothing until the test says so.
import { setImmediate } from 'node:timers'
import { withTimeout } from '@kinde-billing/core/internal'
import type { InboxDelivery } from '@kinde-billing/core/receiver'
import { type ArrivalState, readArrivals } from './arrival-statements.js'
import type { DeliveryStatements } from './deliveries.js'
import { explainLockedRow } from './locked-row.js'
import type { Statement } from './prepared-statements.js'
import type { Database, Session } from './session.js'
import { LOCK_NOT_AVAILABLE, sqlState } from './sql-errors.js'
import { storableText } from './sql-literals.js'

/** A delivery that has arrived, on the connection of its attempt. */
export interface Arriving {
  readonly session: Session
  readonly delivery: InboxDelivery
  /** Aborted when the lease is over or the connection is lost. */
  readonly signal: AbortSignal
}

/** Records an arrival. Resolves with `undefined` if the row is locked, or if the attempt is over before the message is sent. */
export type RecordArrival = (arriving: Arriving) => Promise<ArrivalState | undefined>

/** The most arrivals of one message. A hundred at once are in four messages, which the server records side by side. */
const MAX_BATCH = 25
/** Messages on their way at the same time: one that hangs does not hold up the others. */
const MAX_UNDER_WAY = 4
/** How long arrivals wait for a message that was sent on the connection of another one. */
const SHARED_TIMEOUT_MS = 1000

interface Waiting extends Arriving {
  /** As it is stored. */
  readonly key: string
  settle(arrival: Promise<ArrivalState | undefined> | undefined): void
}

/**
 * Creates the function that records arrivals, each in a committed transaction before its handler runs. Arrivals that come at
 * the same time share messages, each a transaction on the connection of one of them. If a message fails or hangs, each of its
 * arrivals is recorded by itself, on its own connection: no delivery suffers for another.
 */
export function createArrivals(database: Database, statements: DeliveryStatements): RecordArrival {
  const waiting = new Set<Waiting>()
  let underWay = 0

  const takeBatch = (): Waiting[] => {
    const batch = new Map<string, Waiting>()
    for (const arrival of waiting) {
      // A statement cannot touch a row twice: another attempt of the same event goes with the next message.
      if (batch.has(arrival.key)) continue
      waiting.delete(arrival)
      if (arrival.delivery.answered.aborted || arrival.signal.aborted) arrival.settle(undefined)
      else batch.set(arrival.key, arrival)
      if (batch.size === MAX_BATCH) break
    }
    // In the same order everywhere, so that two processes never wait for each other.
    return [...batch.values()].sort((one, other) => (one.key < other.key ? -1 : 1))
  }

  const sendBatch = async (batch: readonly Waiting[], first: Waiting): Promise<void> => {
    const sent = recordTogether(statements, first.session, batch)
    const bounded = withTimeout(sent, SHARED_TIMEOUT_MS, () => new Map<string, ArrivalState>())
    const goOnAlone = (error: unknown): undefined => {
      if (batch.length === 1 && sqlState(error) !== LOCK_NOT_AVAILABLE) throw error
    }
    const settle = async (arrival: Waiting, arrived: typeof sent): Promise<ArrivalState | undefined> => {
      const states = await arrived.catch(goOnAlone)
      return states?.get(arrival.key) ?? recordAlone(statements, arrival)
    }
    for (const arrival of batch) arrival.settle(settle(arrival, arrival === first ? sent : bounded))
    await bounded.catch(() => {})
  }

  const sendWaiting = async (): Promise<void> => {
    for (;;) {
      const batch = takeBatch()
      const [first] = batch
      if (first === undefined) break
      await sendBatch(batch, first)
    }
    underWay -= 1
  }

  return (arriving) => {
    if (database.isSingle || arriving.delivery.redelivery) return recordAlone(statements, arriving)
    return new Promise((settle) => {
      waiting.add({ ...arriving, key: storableText(arriving.delivery.key), settle })
      if (underWay === MAX_UNDER_WAY) return
      underWay += 1
      // Arrivals of the same turn of the event loop go along.
      setImmediate(sendWaiting)
    })
  }
}

async function recordTogether(
  statements: DeliveryStatements,
  session: Session,
  arrivals: readonly Arriving[],
): Promise<ReadonlyMap<string, ArrivalState>> {
  // An odd value of one of them throws here.
  const message = statements.arrivals(arrivals.map(({ delivery }) => delivery))
  return readArrivals(await session.transaction(message))
}

/**
 * Records an arrival by itself. `before` runs in the same transaction. Resolves with `undefined` if the row is locked by
 * another attempt or an operator.
 */
export async function recordAlone(
  statements: DeliveryStatements,
  { session, delivery }: Omit<Arriving, 'signal'>,
  before: readonly Statement[] = [],
): Promise<ArrivalState | undefined> {
  try {
    const rows = await session.transaction([...before, ...statements.arrival(delivery)])
    const [arrival] = readArrivals(rows).values()
    if (arrival === undefined) throw new Error('The row of a delivery that has just arrived is gone from the table')
    return arrival
  } catch (error) {
    if (sqlState(error) !== LOCK_NOT_AVAILABLE) throw error
    const reason = await explainLockedRow(session)
    if (reason !== undefined) throw reason
    return undefined
  }
}

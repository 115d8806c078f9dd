import { isKindeWebhookError } from '@kinde-billing/core'
import { errorMessage, withTimeout } from '@kinde-billing/core/internal'
import { DiscardEvent, HandlerFault, type InboxDelivery, type InboxOutcome } from '@kinde-billing/core/receiver'
import type { ArrivalState } from './arrival-statements.js'
import { type RecordArrival, recordAlone } from './arrivals.js'
import type { SessionSettings } from './claim-statements.js'
import { type DeliveryStatements, type Failure, readClaim } from './deliveries.js'
import { guardClient } from './guard-client.js'
import { endAfterAnswer } from './late-answers.js'
import { type EndAttempt, withLeasedSession } from './lease.js'
import type { Database, HandlerSlot, Session } from './session.js'
import { explainEnd, explainMissingTable, LOCK_NOT_AVAILABLE, sqlState } from './sql-errors.js'

/** The receiver's part of an attempt: runs the handlers. */
export type Work = (tx: object, signal: AbortSignal) => Promise<void>

/** The common parts of an inbox's attempts. */
export interface AttemptSettings {
  readonly database: Database
  readonly statements: DeliveryStatements
  readonly recordArrival: RecordArrival
}

/** Runs one attempt: records the arrival, claims the key, runs the handlers, and marks the delivery. */
export async function attemptOnce(
  settings: AttemptSettings,
  delivery: InboxDelivery,
  work: Work,
): Promise<InboxOutcome> {
  const attempt = new Attempt(settings, delivery, work)
  try {
    for (;;) {
      const outcome = await withLeasedSession(settings.database, delivery.leaseMs, (session, signal, end) =>
        attempt.onSession(session, signal, end),
      )
      if (outcome !== 'must wait') return outcome
      await attempt.waitForSlot()
    }
  } catch (error) {
    await attempt.recordLost(error)
    throw error
  } finally {
    attempt.end()
  }
}

interface GrantedClaim {
  readonly slot: HandlerSlot
  readonly settings: SessionSettings
}

/** What an attempt remembers if it gives its connection back to wait for its turn. */
class Attempt {
  private arrival: ArrivalState | undefined
  private slot: HandlerSlot | undefined
  private isRunning = false
  private readonly database: Database
  private readonly statements: DeliveryStatements

  constructor(
    private readonly settings: AttemptSettings,
    private readonly delivery: InboxDelivery,
    private readonly work: Work,
  ) {
    this.database = settings.database
    this.statements = settings.statements
  }

  async onSession(session: Session, signal: AbortSignal, end: EndAttempt): Promise<InboxOutcome | 'must wait'> {
    const stopChecking = endAfterAnswer(this.delivery.answered, end)
    const claim = await this.claim(session, signal).finally(stopChecking)
    if (typeof claim === 'string') return claim
    const stopWatching = claim.slot.watch(this.delivery.answered, end)
    return this.runAndMark(session, claim.settings, signal).finally(stopWatching)
  }

  private async claim(session: Session, signal: AbortSignal): Promise<GrantedClaim | InboxOutcome | 'must wait'> {
    const { statements, delivery } = this
    this.giveUpIfAnswered(session)
    if (this.database.slots.mustYield()) return 'must wait'
    this.arrival ??= await this.arrive(session, signal)
    const { arrival } = this
    if (arrival?.isDone) return 'duplicate'
    this.giveUpIfAnswered(session)
    if (arrival === undefined) return 'in_progress'
    // No other attempt can be running: nothing is learned from a claim before there is a slot for the handler.
    if ((arrival.isFirst || this.slot !== undefined) && this.takeTurn() === undefined) return 'must wait'

    const kept = arrival.isUnkept ? statements.keep(delivery) : []
    const claimed = await unlessLocked(session.begin(statements.claim(delivery), kept))
    const claim = claimed && readClaim(claimed)
    if (claim === undefined || !claim.isClaimed || claim.isDone) {
      await session.rollback()
      return claim?.isClaimed ? 'duplicate' : 'in_progress'
    }
    const slot = this.takeTurn()
    if (slot === undefined || delivery.answered.aborted) {
      await session.rollback()
      this.giveUpIfAnswered(session)
      return 'must wait'
    }
    return { slot, settings: claim.settings }
  }

  async waitForSlot(): Promise<void> {
    this.slot ??= await this.database.slots.take(this.delivery.answered)
  }

  /**
   * Records a failure that took the connection with it: the server has ended a handler that exceeded one of its limits. A
   * server that was lost in silence is not asked again, and the attempt counts as interrupted.
   */
  async recordLost(error: unknown): Promise<void> {
    if (!this.isRunning || !(error instanceof HandlerFault)) return
    this.isRunning = false
    this.end()
    const failure = this.statements.failure(this.delivery, describeFailure(error))
    const record = withLeasedSession(this.database, RECORD_TIMEOUT_MS, (session) => session.transaction(failure))
    await withTimeout(record, RECORD_TIMEOUT_MS, () => []).catch(() => {})
  }

  end(): void {
    this.slot?.release()
  }

  /** The slot, if there is one and nothing should go first. */
  private takeTurn(): HandlerSlot | undefined {
    this.slot ??= this.database.slots.tryTake()
    return this.database.slots.mustYield() ? undefined : this.slot
  }

  /** A handler that starts after its response could only run for nothing. The connection goes to the next delivery. */
  private giveUpIfAnswered(session: Session): void {
    if (!this.delivery.answered.aborted) return
    session.release()
    throw this.delivery.answered.reason
  }

  /** Resolves with `undefined` if the row is locked. */
  private async arrive(session: Session, signal: AbortSignal): Promise<ArrivalState | undefined> {
    const { statements, delivery } = this
    try {
      const arrival = await this.settings.recordArrival({ session, delivery, signal })
      if (arrival?.isExpired !== true) return arrival
      return await recordAlone(statements, { session, delivery }, statements.forget(delivery))
    } catch (error) {
      throw explainMissingTable(error, statements.table)
    }
  }

  private async runAndMark(session: Session, settings: SessionSettings, signal: AbortSignal): Promise<'processed'> {
    this.isRunning = true
    let isOver = false
    let discarded = false
    try {
      await this.work(
        guardClient(session.client(), () => !isOver && !signal.aborted),
        signal,
      )
    } catch (error) {
      discarded = error instanceof DiscardEvent
      if (!discarded) throw await this.recordFailure(session, error)
    } finally {
      isOver = true
    }
    await session.commit(this.statements.mark(this.delivery, discarded, settings)).catch(async (error: unknown) => {
      const explained = explainEnd(error)
      throw explained instanceof HandlerFault ? await this.recordFailure(session, explained) : explained
    })
    return 'processed'
  }

  /** Returns the error itself: what the handler threw is what matters. A connection that cannot roll back is closed. */
  private async recordFailure(session: Session, error: unknown): Promise<unknown> {
    this.isRunning = false
    await session
      .rollback(this.statements.failure(this.delivery, describeFailure(error)))
      .then(session.release, () => undefined)
    return error
  }
}

/** For a failure that is recorded on a second connection, which may not come. */
const RECORD_TIMEOUT_MS = 2000

/** A row is locked by another attempt at its mark, or by an operator. */
async function unlessLocked<Value>(pending: Promise<Value>): Promise<Value | undefined> {
  try {
    return await pending
  } catch (error) {
    if (sqlState(error) === LOCK_NOT_AVAILABLE) return undefined
    throw error
  }
}

/** For each message of the chain of causes. */
const MAX_MESSAGE_CHARS = 500

/** The code and the message of a failure, as they stand in the table while the event is not done. */
export function describeFailure(error: unknown): Failure {
  const code = isKindeWebhookError(error) ? error.code : 'handler_failed'
  return { code, message: errorMessage(error, MAX_MESSAGE_CHARS) }
}

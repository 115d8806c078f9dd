import { KindeWebhookError } from '../errors.js'
import type { OnWarning } from '../warnings.js'
import { type DeliveryLedger, DiscardEvent, type LedgerDelivery, type LedgerOutcome } from './ledger.js'

export interface RunSettings {
  readonly handlerTimeoutMs: number
  readonly ledgerTimeoutMs: number
  readonly now: () => number
  readonly onWarning: OnWarning
}

export type RunOutcome =
  | { readonly outcome: 'processed' | 'duplicate' }
  | { readonly outcome: 'discarded'; readonly discarded: DiscardEvent }

/** How far the one run of the handlers has come. */
interface Work {
  isFinished: boolean
  failure?: { readonly error: unknown }
}

/**
 * Runs the handlers under the ledger, with a time for each step: the claim, the work, the mark. Whatever ran out of time
 * goes on behind the answer, and cannot change it.
 *
 * @throws KindeWebhookError `handler_failed`, `handler_timeout`, `ledger_unavailable`, `delivery_in_progress`
 */
export function runOnce<Scope>(
  ledger: DeliveryLedger<Scope>,
  delivery: LedgerDelivery,
  handle: (scope: Scope, signal: AbortSignal) => Promise<void>,
  settings: RunSettings,
): Promise<RunOutcome> {
  return new Promise((resolve, reject) => {
    const { handlerTimeoutMs, ledgerTimeoutMs, now, onWarning } = settings
    let isAnswered = false
    let timer: ReturnType<typeof setTimeout> | undefined
    let work: Work | undefined

    const answer = (settle: () => void): void => {
      clearTimeout(timer)
      if (!isAnswered) settle()
      isAnswered = true
    }
    const limit = (timeoutMs: number, error: () => KindeWebhookError): void => {
      clearTimeout(timer)
      if (!isAnswered) timer = setTimeout(() => answer(() => reject(error())), timeoutMs)
    }

    const run = async (scope: Scope, leaseSignal: AbortSignal): Promise<void> => {
      if (isAnswered || work !== undefined)
        throw new Error('The claim came after the answer, or twice: nothing is run.')
      const current: Work = { isFinished: false }
      work = current
      const claimedAt = now()
      const abort = new AbortController()
      const onLeaseLost = (): void => abort.abort(leaseSignal.reason)
      if (leaseSignal.aborted) onLeaseLost()
      else leaseSignal.addEventListener('abort', onLeaseLost, { once: true })
      limit(handlerTimeoutMs, () => {
        const error = handlerTimeout(delivery.type, handlerTimeoutMs)
        abort.abort(error)
        return error
      })
      try {
        await handle(scope, abort.signal)
        current.isFinished = true
      } catch (error) {
        current.failure = { error }
        throw error
      } finally {
        leaseSignal.removeEventListener('abort', onLeaseLost)
        if (now() - claimedAt > delivery.leaseMs || leaseSignal.aborted) onWarning(settledLate(delivery))
        limit(ledgerTimeoutMs, () => ledgerUnavailable('did not mark the delivery in time'))
      }
    }

    const decide = (outcome: LedgerOutcome): RunOutcome => {
      if (outcome === 'in_progress') throw inProgress()
      if (outcome === 'duplicate' && work === undefined) return { outcome }
      const error = work?.failure?.error
      if (outcome === 'processed' && error instanceof DiscardEvent) return { outcome: 'discarded', discarded: error }
      if (outcome === 'processed' && work?.isFinished === true) return { outcome }
      throw ledgerUnavailable(`answered ${String(outcome)} although no handler had finished`)
    }
    const explain = (error: unknown): RunOutcome => {
      const failure = work?.failure
      if (failure === undefined) throw ledgerUnavailable('failed', error)
      if (!(failure.error instanceof DiscardEvent)) throw handlerFailed(delivery.type, failure.error)
      // a ledger that does not know of DiscardEvent has passed it on: the event is acknowledged all the same
      if (failure.error === error) return { outcome: 'discarded', discarded: failure.error }
      throw ledgerUnavailable('failed at the mark', error)
    }

    limit(ledgerTimeoutMs, () => ledgerUnavailable('did not answer in time'))
    Promise.resolve()
      .then(() => ledger.once(delivery, run))
      .then(decide, explain)
      .then(
        (outcome) => answer(() => resolve(outcome)),
        (error: unknown) => answer(() => reject(error)),
      )
  })
}

function handlerFailed(type: string, cause: unknown): KindeWebhookError {
  return new KindeWebhookError(
    'handler_failed',
    `A handler of ${type} threw. Kinde will try again; throw a DiscardEvent for an event that can never succeed.`,
    { cause },
  )
}

function handlerTimeout(type: string, timeoutMs: number): KindeWebhookError {
  return new KindeWebhookError(
    'handler_timeout',
    `A handler of ${type} did not finish within ${timeoutMs} ms (handlerTimeoutMs). Heed delivery.signal, and put slow work into a queue.`,
  )
}

function ledgerUnavailable(what: string, cause?: unknown): KindeWebhookError {
  return new KindeWebhookError(
    'ledger_unavailable',
    `The ledger ${what}: the delivery counts as not handled, and Kinde will try again. Check the ledger's store (ledger, ledgerTimeoutMs).`,
    { cause },
  )
}

function inProgress(): KindeWebhookError {
  return new KindeWebhookError(
    'delivery_in_progress',
    'Another attempt of the same event is being handled: whether it succeeds is not known yet.',
  )
}

function settledLate({ type, leaseMs }: LedgerDelivery): Parameters<OnWarning>[0] {
  return {
    code: 'handler_settled_late',
    message: `A handler of ${type} settled after its lease of ${leaseMs} ms: another attempt may have run beside it. Heed delivery.signal.`,
  }
}

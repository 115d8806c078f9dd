import { isKindeWebhookError, KindeWebhookError } from '../errors.js'
import { format } from '../format.js'
import type { BillingWarning } from '../log.js'
import { type DeliveryInbox, DiscardEvent, HandlerFault, type InboxDelivery } from './inbox.js'
import type { ReceiverSettings } from './options.js'
import type { Platform } from './request.js'

/** One run of the handlers, under the inbox. */
export interface Run<Tx> {
  readonly inbox: DeliveryInbox<Tx>
  readonly delivery: Omit<InboxDelivery, 'answered'>
  /**
   * Runs the handlers. `lease` is aborted when the lease is lost; the signal of `getSignal` also when the time is over. It
   * is created when a handler reads it, which few do.
   */
  readonly work: (tx: Tx, lease: AbortSignal, getSignal: () => AbortSignal) => Promise<unknown>
  readonly settings: Pick<ReceiverSettings<never, Tx>, 'handlerTimeoutMs' | 'inboxTimeoutMs' | 'verifier'>
  readonly platform: Platform | undefined
}

/** `processed`, `duplicate`, or what a handler threw to discard the event. */
export type RunOutcome = 'processed' | 'duplicate' | DiscardEvent

/**
 * Runs the handlers once, under the inbox. Claim, work and mark each have a time limit. A timed-out step keeps running
 * but cannot change the response.
 *
 * @throws KindeWebhookError `handler_failed`, `handler_timeout`, `inbox_unavailable`, `delivery_in_progress`
 */
export function runOnce<Tx>(run: Run<Tx>): Promise<RunOutcome> {
  return new Attempt(run).start()
}

/** One attempt. Its one timer limits the step that is running. */
class Attempt<Tx> {
  readonly #run: Run<Tx>
  readonly #answered = new LazySignal()
  #state: 'not started' | 'not finished' | 'finished' = 'not started'
  #failure: { readonly error: unknown } | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #reject: (error: KindeWebhookError) => void = () => {}
  #settled: Promise<void> | undefined

  constructor(run: Run<Tx>) {
    this.#run = run
  }

  start(): Promise<RunOutcome> {
    return new Promise((resolve, reject) => {
      this.#reject = reject
      this.#settled = this.#claimAndRun()
        .then(resolve, reject)
        .then(() => this.#answer())
      // An inbox in memory has started the work by now, and the work's own limit is running.
      if (this.#state === 'not started')
        this.#limit(this.#run.settings.inboxTimeoutMs, () => inboxUnavailable('did not respond in time'))
    })
  }

  async #claimAndRun(): Promise<RunOutcome> {
    const { inbox, delivery } = this.#run
    const answered = this.#answered
    const claim = {
      ...delivery,
      // Most inboxes never read it. An AbortController takes 1.9 µs more (2026-11-25, packages/benchmarks/src/tricks.ts).
      get answered() {
        return answered.get()
      },
    }
    let outcome: unknown
    try {
      outcome = await inbox.once(claim, (tx, lease) => this.#runWork(tx, lease))
    } catch (error) {
      this.#explainRejection(error)
    }
    if (this.#failure?.error instanceof DiscardEvent) return this.#failure.error
    if (this.#failure !== undefined) throw handlerFailed(delivery.type, this.#failure.error)
    if (outcome === 'in_progress')
      throw new KindeWebhookError('delivery_in_progress', 'Another attempt of the same event is still running.')
    if (outcome === 'duplicate' && this.#state === 'not started') return outcome
    // Only a handler that has finished makes a 200, whatever an inbox returns.
    if (outcome === 'processed' && this.#state === 'finished') return outcome
    throw inboxUnavailable(`returned ${format(outcome)} while the work is ${this.#state}`)
  }

  /** Explains a rejection of the inbox, or returns if the handler's own failure does. */
  #explainRejection(error: unknown): void {
    if (error instanceof HandlerFault) throw handlerFailed(this.#run.delivery.type, error)
    if (this.#failure === undefined) {
      // The store may be well: an inbox that cannot work as it is set up says so itself.
      if (isKindeWebhookError(error) && error.code === 'invalid_configuration') throw error
      throw inboxUnavailable('failed', error)
    }
    // An inbox that does not know DiscardEvent passes it on. Any other error is the inbox's, at the mark.
    if (this.#failure.error instanceof DiscardEvent && this.#failure.error !== error)
      throw inboxUnavailable('failed at the mark', error)
  }

  async #runWork(tx: Tx, lease: AbortSignal): Promise<void> {
    if (this.#answered.isAborted || this.#state !== 'not started')
      throw new Error('The claim was granted after the response, or twice: nothing is run.')
    const { settings, delivery, work } = this.#run
    const { handlerTimeoutMs, inboxTimeoutMs, verifier } = settings
    const { type, leaseMs } = delivery
    this.#state = 'not finished'
    const stop = new LazySignal()
    const follow = (): void => stop.abort(lease.reason)
    this.#limit(handlerTimeoutMs, (timeoutMs) => {
      const error = handlerTimeout(type, timeoutMs, timeoutMs === handlerTimeoutMs)
      stop.abort(error)
      return error
    })
    const startedAt = verifier.now()
    try {
      await work(tx, lease, () => {
        // Not AbortSignal.any, which some runtimes lack.
        lease.addEventListener('abort', follow)
        if (lease.aborted) follow()
        return stop.get()
      })
      this.#state = 'finished'
    } catch (error) {
      this.#failure = { error }
      throw error
    } finally {
      // A long-lived signal must keep no listener.
      lease.removeEventListener('abort', follow)
      this.#limit(inboxTimeoutMs, () => this.#explainLateEnd())
      if (verifier.now() - startedAt > leaseMs || lease.aborted) verifier.onWarning(finishedLate(type, leaseMs))
    }
  }

  /** An inbox that hangs after a handler that failed does not hide why it did. */
  #explainLateEnd(): KindeWebhookError {
    const failure = this.#failure
    if (failure === undefined || failure.error instanceof DiscardEvent)
      return inboxUnavailable('did not mark the delivery in time')
    return handlerFailed(this.#run.delivery.type, failure.error)
  }

  /** Starts the time limit of the next step, and ends that of the one before. */
  #limit(limitMs: number, onTimeout: (timeoutMs: number) => KindeWebhookError): void {
    clearTimeout(this.#timer)
    if (this.#answered.isAborted) return
    const { platform } = this.#run
    const timeoutMs = Math.max(0, Math.min(limitMs, platform?.remainingMs?.() ?? limitMs))
    this.#timer = setTimeout(() => {
      this.#answer()
      this.#reject(onTimeout(timeoutMs))
      if (this.#settled !== undefined) platform?.waitUntil?.(this.#settled)
    }, timeoutMs)
  }

  #answer(): void {
    clearTimeout(this.#timer)
    this.#answered.abort()
  }
}

/** An AbortSignal that is created when it is read. */
class LazySignal {
  isAborted = false
  #reason: unknown
  #controller: AbortController | undefined

  get(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.isAborted) this.#controller.abort(this.#reason)
    return this.#controller.signal
  }

  abort(reason?: unknown): void {
    if (this.isAborted) return
    this.isAborted = true
    this.#reason = reason
    this.#controller?.abort(reason)
  }
}

function handlerFailed(type: string, cause: unknown): KindeWebhookError {
  return new KindeWebhookError(
    'handler_failed',
    `A handler of ${type} threw${cause === undefined ? ' undefined' : ''}. Kinde will try again. Throw a DiscardEvent for an event that can never succeed.`,
    { cause },
  )
}

function handlerTimeout(type: string, timeoutMs: number, isOwnLimit: boolean): KindeWebhookError {
  const limit = isOwnLimit ? 'handlerTimeoutMs' : 'all that the time limit of the platform leaves'
  return new KindeWebhookError(
    'handler_timeout',
    `A handler of ${type} did not finish within ${timeoutMs} ms (${limit}). Stop at delivery.signal, and put slow work into a queue.`,
  )
}

function inboxUnavailable(what: string, cause?: unknown): KindeWebhookError {
  return new KindeWebhookError(
    'inbox_unavailable',
    `The inbox ${what}. The delivery counts as not handled, and Kinde will try again. Check the inbox's store (inbox, inboxTimeoutMs).`,
    { cause },
  )
}

function finishedLate(type: string, leaseMs: number): BillingWarning {
  return {
    code: 'handler_finished_late',
    message: `A handler of ${type} finished after its lease (${leaseMs} ms, or less if the store was lost): another attempt may have run at the same time. Stop at delivery.signal.`,
  }
}

import { KindeWebhookError } from '../errors.js'
import type { OnWarning } from '../warnings.js'
import { type DeliveryInbox, DiscardEvent, HandlerFault, type InboxDelivery, type InboxOutcome } from './inbox.js'

export interface RunSettings {
  readonly handlerTimeoutMs: number
  readonly inboxTimeoutMs: number
  readonly verifier: { readonly now: () => number; readonly onWarning: OnWarning }
}

/** Runs the handlers. */
export type Handle<Tx> = (tx: Tx, stop: Stop) => Promise<void>

/** What tells handlers to stop. */
export interface Stop {
  /** Aborted when the time is over, or the lease is lost. Made when a handler asks for it: as a rule none does. */
  signal(): AbortSignal
  /** Aborted when the lease is lost. */
  readonly lease: AbortSignal
}

export type RunOutcome =
  | { readonly outcome: 'processed' | 'duplicate' }
  | { readonly outcome: 'discarded'; readonly discarded: DiscardEvent }

/**
 * Runs the handlers under the inbox, with a time for each step: the claim, the work, the mark. Whatever ran out of time
 * goes on behind the answer, and cannot change it.
 *
 * @throws KindeWebhookError `handler_failed`, `handler_timeout`, `inbox_unavailable`, `delivery_in_progress`
 */
export function runOnce<Tx>(
  inbox: DeliveryInbox<Tx>,
  delivery: InboxDelivery,
  handle: Handle<Tx>,
  settings: RunSettings,
): Promise<RunOutcome> {
  return new Promise((resolve, reject) => {
    const deadline = createDeadline(reject)
    const work = createWork(delivery, handle, settings, deadline)
    attempt(inbox, delivery, work).then(resolve, reject).then(deadline.end)
    // an inbox in memory has begun the work by now, and the work's own limit runs
    if (work.state === 'not begun')
      deadline.set(settings.inboxTimeoutMs, () => inboxUnavailable('did not answer in time'))
  })
}

async function attempt<Tx>(inbox: DeliveryInbox<Tx>, delivery: InboxDelivery, work: Work<Tx>): Promise<RunOutcome> {
  let outcome: InboxOutcome
  try {
    outcome = await inbox.once(delivery, work.run)
  } catch (error) {
    if (error instanceof HandlerFault) throw handlerFailed(delivery.type, error)
    if (work.failure === undefined) throw inboxUnavailable('failed', error)
    // an inbox that does not know of DiscardEvent passes it on; any other error is the inbox's, at the mark
    if (work.failure.error instanceof DiscardEvent && work.failure.error !== error)
      throw inboxUnavailable('failed at the mark', error)
    return discardOrFail(delivery, work.failure.error)
  }
  if (work.failure !== undefined) return discardOrFail(delivery, work.failure.error)
  if (outcome === 'in_progress') throw inProgress()
  if (outcome === 'duplicate' && work.state === 'not begun') return { outcome }
  // only a handler that has finished makes a 200, whatever an inbox says
  if (outcome === 'processed' && work.state === 'finished') return { outcome }
  throw inboxUnavailable(`answered ${String(outcome)}, and the work is ${work.state}`)
}

function discardOrFail({ type }: InboxDelivery, error: unknown): RunOutcome {
  if (error instanceof DiscardEvent) return { outcome: 'discarded', discarded: error }
  throw handlerFailed(type, error)
}

/** The one run of the handlers, and how far it has come. */
interface Work<Tx> {
  state: 'not begun' | 'not finished' | 'finished'
  failure: { readonly error: unknown } | undefined
  run(this: void, tx: Tx, leaseSignal: AbortSignal): Promise<void>
}

function createWork<Tx>(
  delivery: InboxDelivery,
  handle: Handle<Tx>,
  { handlerTimeoutMs, inboxTimeoutMs, verifier: { now, onWarning } }: RunSettings,
  deadline: Deadline,
): Work<Tx> {
  const work: Work<Tx> = {
    state: 'not begun',
    failure: undefined,
    async run(tx, leaseSignal) {
      if (deadline.isOver() || work.state !== 'not begun')
        throw new Error('The claim came after the answer, or twice: nothing is run.')
      work.state = 'not finished'
      const stop = createStop(leaseSignal)
      deadline.set(handlerTimeoutMs, () => {
        const error = handlerTimeout(delivery.type, handlerTimeoutMs)
        stop.abort(error)
        return error
      })
      const begunAt = now()
      try {
        await handle(tx, stop)
        work.state = 'finished'
      } catch (error) {
        work.failure = { error }
        throw error
      } finally {
        stop.end()
        deadline.set(inboxTimeoutMs, () => inboxUnavailable('did not mark the delivery in time'))
        if (now() - begunAt > delivery.leaseMs || leaseSignal.aborted) onWarning(settledLate(delivery))
      }
    },
  }
  return work
}

function createStop(lease: AbortSignal): Stop & { abort(reason: unknown): void; end(): void } {
  let controller: AbortController | undefined
  let reason: unknown
  // nothing more to hear of the lease
  let isOver = lease.aborted
  const follow = (): void => controller?.abort(lease.reason)
  return {
    lease,
    signal() {
      if (controller !== undefined) return controller.signal
      controller = new AbortController()
      // not AbortSignal.any, which some runtimes lack
      if (reason !== undefined) controller.abort(reason)
      else if (lease.aborted) follow()
      else if (!isOver) lease.addEventListener('abort', follow, { once: true })
      return controller.signal
    },
    abort(error) {
      reason = error
      controller?.abort(error)
    },
    end() {
      isOver = true
      if (controller !== undefined) lease.removeEventListener('abort', follow)
    },
  }
}

/** One time limit after another, for one answer. */
interface Deadline {
  isOver(): boolean
  /** Sets the limit for the step that begins, in the place of the one before. */
  set(timeoutMs: number, error: () => KindeWebhookError): void
  end(): void
}

/** `onPassed` hears the error of the limit that has passed. */
function createDeadline(onPassed: (error: KindeWebhookError) => void): Deadline {
  let isOver = false
  let timer: ReturnType<typeof setTimeout> | undefined
  const end = (): void => {
    isOver = true
    clearTimeout(timer)
  }
  return {
    isOver: () => isOver,
    set(timeoutMs, error) {
      clearTimeout(timer)
      if (isOver) return
      timer = setTimeout(() => {
        end()
        onPassed(error())
      }, timeoutMs)
    },
    end,
  }
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

function inboxUnavailable(what: string, cause?: unknown): KindeWebhookError {
  return new KindeWebhookError(
    'inbox_unavailable',
    `The inbox ${what}: the delivery counts as not handled, and Kinde will try again. Check the inbox's store (inbox, inboxTimeoutMs).`,
    { cause },
  )
}

function inProgress(): KindeWebhookError {
  return new KindeWebhookError(
    'delivery_in_progress',
    'Another attempt of the same event is being handled: whether it succeeds is not known yet.',
  )
}

function settledLate({ type, leaseMs }: InboxDelivery): Parameters<OnWarning>[0] {
  return {
    code: 'handler_finished_late',
    message: `A handler of ${type} settled after its lease (${leaseMs} ms, or less where the store was lost): another attempt may have run beside it. Heed delivery.signal.`,
  }
}

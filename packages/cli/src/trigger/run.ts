import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { KINDE_ATTEMPTS_MS } from '@kinde-billing/testing/simulator'
import { type Answer, send } from '../endpoint/send.js'
import type { Target } from '../endpoint/target.js'
import type { PlannedDelivery } from './plan.js'

/** How to make the planned deliveries. */
export interface TriggerOptions {
  readonly target: Target
  readonly deliveries: readonly PlannedDelivery[]
  /** Signed by a key that the issuer does not have: every delivery should be refused. */
  readonly isForged: boolean
  /** How many times faster than Kinde to retry. `undefined`: no retries. */
  readonly retrySpeed: number | undefined
  /** Requests at once. */
  readonly concurrency: number
  /** Time limit of one answer, in milliseconds. */
  readonly timeoutMs: number
  /** Ends the run. Deliveries without an answer by then count as not delivered. */
  readonly signal: AbortSignal
  readonly onAttempt?: ((delivery: TriggeredDelivery) => void) | undefined
}

/** One attempt of a delivery. */
export interface TriggerAttempt {
  readonly status: number | undefined
  /** The answer's body, or the reason for a missing answer. */
  readonly answer: string
  /** Target of a redirect. */
  readonly location: string | undefined
  readonly durationMs: number
}

/** A delivery with its attempts. */
export interface TriggeredDelivery extends Omit<PlannedDelivery, 'token'> {
  readonly attempts: readonly TriggerAttempt[]
  /** `true` if it ended as expected: a genuine one with 200, a forged one refused. */
  readonly ok: boolean
  /** `true` after the last attempt. */
  readonly isOver: boolean
}

/** Makes the deliveries in the order of the plan, each until it ends as expected or is given up. */
export async function runTrigger(options: TriggerOptions): Promise<TriggeredDelivery[]> {
  const { target, deliveries, isForged, retrySpeed, concurrency, timeoutMs, signal, onAttempt } = options
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency })
  const limit = createLimit(concurrency)
  const isExpected = ({ status = 0 }: Answer): boolean => (isForged ? status >= 400 && status < 500 : status === 200)
  // a refused forgery is final, so there is nothing to retry
  const offsets = retrySpeed === undefined || isForged ? [0] : KINDE_ATTEMPTS_MS.map((atMs) => atMs / retrySpeed)

  const deliver = async ({ token, ...delivery }: PlannedDelivery): Promise<TriggeredDelivery> => {
    const attempts: TriggerAttempt[] = []
    let last: TriggeredDelivery = { ...delivery, attempts, ok: false, isOver: true }
    let firstAtMs: number | undefined
    for (const [index, offsetMs] of offsets.entries()) {
      await pause((firstAtMs ?? performance.now()) + offsetMs - performance.now(), signal)
      const answer = await limit(() => {
        firstAtMs ??= performance.now()
        const headers = { 'content-type': 'application/jwt', 'webhook-id': delivery.webhookId }
        return send(target, { headers, body: token, timeoutMs, signal, agent })
      })
      attempts.push(toAttempt(answer))
      const ok = isExpected(answer)
      const isOver = ok || index === offsets.length - 1 || signal.aborted
      last = { ...delivery, attempts: [...attempts], ok, isOver }
      onAttempt?.(last)
      if (isOver) break
    }
    return last
  }

  try {
    return await Promise.all(deliveries.map(deliver))
  } finally {
    agent.destroy()
  }
}

function toAttempt({ status, body, failure, errorCode, headers, durationMs }: Answer): TriggerAttempt {
  const answer = failure === undefined ? body : (errorCode ?? failure)
  return { status, answer, location: headers.location, durationMs }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => {})
}

/** Runs at most `width` jobs at once, the others in the order in which they were added. */
function createLimit(width: number): <Value>(work: () => Promise<Value>) => Promise<Value> {
  let free = width
  const waiting: (() => void)[] = []
  return async (work) => {
    if (free > 0) free -= 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) free += 1
      else next()
    }
  }
}

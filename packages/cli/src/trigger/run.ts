import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { KINDE_ATTEMPTS_MS } from '@kinde-billing/testing/simulator'
import { type Answer, send } from '../endpoint/send.js'
import type { Target } from '../endpoint/target.js'
import type { PlannedDelivery } from './plan.js'

/** How planned deliveries are to be made. */
export interface TriggerOptions {
  readonly target: Target
  readonly deliveries: readonly PlannedDelivery[]
  /** Whether they are signed by a key that is not the issuer's, so that a refusal is what should happen. */
  readonly isForged: boolean
  /** How many times faster than Kinde failed deliveries are tried again; `undefined`: not at all. */
  readonly retrySpeed: number | undefined
  /** How many requests are under way at once. */
  readonly concurrency: number
  /** For one answer, in milliseconds. */
  readonly timeoutMs: number
  /** Ends the run: what is not answered by then was not delivered. */
  readonly signal: AbortSignal
  readonly onAttempt?: ((delivery: TriggeredDelivery) => void) | undefined
}

/** One attempt's outcome. */
export interface TriggerAttempt {
  readonly status: number | undefined
  /** The answer's body, or why there was none. */
  readonly answer: string
  readonly durationMs: number
}

/** What became of one delivery. */
export interface TriggeredDelivery extends Omit<PlannedDelivery, 'token'> {
  readonly attempts: readonly TriggerAttempt[]
  /** Whether it ended as it should: a genuine one with 200, a forged one refused. */
  readonly ok: boolean
  /** Whether this was the last attempt. */
  readonly isOver: boolean
}

/** Makes deliveries as Kinde does, in the order of the plan, each until it is answered as it should be or given up. */
export async function runTrigger(options: TriggerOptions): Promise<TriggeredDelivery[]> {
  const { target, deliveries, isForged, retrySpeed, concurrency, timeoutMs, signal, onAttempt } = options
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency })
  const gate = createGate(concurrency)
  const isRight = ({ status = 0 }: Answer): boolean => (isForged ? status >= 400 && status < 500 : status === 200)
  // a forged delivery that is refused stays refused
  const offsets = retrySpeed === undefined || isForged ? [0] : KINDE_ATTEMPTS_MS.map((atMs) => atMs / retrySpeed)

  const deliver = async ({ token, ...delivery }: PlannedDelivery): Promise<TriggeredDelivery> => {
    const attempts: TriggerAttempt[] = []
    let last: TriggeredDelivery = { ...delivery, attempts, ok: false, isOver: true }
    let firstAtMs: number | undefined
    for (const [index, offsetMs] of offsets.entries()) {
      await pause((firstAtMs ?? performance.now()) + offsetMs - performance.now(), signal)
      const answer = await gate(() => {
        firstAtMs ??= performance.now()
        const headers = { 'content-type': 'application/jwt', 'webhook-id': delivery.webhookId }
        return send(target, { headers, body: token, timeoutMs, signal, agent })
      })
      const { status, body, failure, errorCode, durationMs } = answer
      attempts.push({ status, answer: failure === undefined ? body : (errorCode ?? failure), durationMs })
      const ok = isRight(answer)
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

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => {})
}

/** Lets so many through at once, the others in the order in which they came. */
function createGate(width: number): <Value>(work: () => Promise<Value>) => Promise<Value> {
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

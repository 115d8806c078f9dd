import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  deliverOnSchedule,
  isDelivered,
  KINDE_ATTEMPTS_MS,
  type ScheduledDelivery,
} from '@kinde-billing/testing/simulator'
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

interface RunningDelivery extends ScheduledDelivery {
  readonly plan: PlannedDelivery
  attempts: readonly TriggerAttempt[]
  ok: boolean
}

/** Makes the deliveries in the order of the plan, each until it ends as expected or is given up. */
export async function runTrigger(options: TriggerOptions): Promise<TriggeredDelivery[]> {
  const { target, isForged, retrySpeed = 1, concurrency, timeoutMs, signal, onAttempt } = options
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency })
  // a refused forgery is final, so there is nothing to retry
  const attemptsMs = options.retrySpeed === undefined || isForged ? [0] : KINDE_ATTEMPTS_MS
  const deliveries = options.deliveries.map(
    (plan): RunningDelivery => ({ plan, firstAtMs: 0, attemptsMs, attempts: [], ok: false }),
  )
  const toResult = ({ plan: { token: _token, ...plan }, attempts, ok }: RunningDelivery): TriggeredDelivery => ({
    ...plan,
    attempts,
    ok,
    isOver: ok || attempts.length === attemptsMs.length || signal.aborted,
  })

  const attempt = async (delivery: RunningDelivery) => {
    const { token, webhookId } = delivery.plan
    const headers = { 'content-type': 'application/jwt', 'webhook-id': webhookId }
    const answer = await send(target, { headers, body: token, timeoutMs, signal, agent })
    delivery.attempts = [...delivery.attempts, toAttempt(answer)]
    delivery.ok = isForged ? isRefused(answer.status) : isDelivered(answer.status)
    onAttempt?.(toResult(delivery))
    return { delivery, status: answer.status }
  }

  let nowMs = 0
  try {
    await deliverOnSchedule(deliveries, {
      async advanceTo(atMs) {
        await pause((atMs - nowMs) / retrySpeed, signal)
        nowMs = atMs
      },
      async attempt(due) {
        const results = await mapConcurrently(due, concurrency, attempt)
        return signal.aborted ? [] : results
      },
    })
    return deliveries.map(toResult)
  } finally {
    agent.destroy()
  }
}

const isRefused = (status = 0): boolean => status >= 400 && status < 500

function toAttempt({ status, body, failure, errorCode, headers, durationMs }: Answer): TriggerAttempt {
  const answer = failure === undefined ? body : (errorCode ?? failure)
  return { status, answer, location: headers.location, durationMs }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => {})
}

/** Maps items in their order, at most `width` at once. */
async function mapConcurrently<Item, Result>(
  items: readonly Item[],
  width: number,
  map: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  const queue = items.entries()
  const work = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await map(item)
  }
  await Promise.all(Array.from({ length: width }, work))
  return results
}

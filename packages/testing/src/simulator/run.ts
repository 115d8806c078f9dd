import { type BillingEventClaims, toKindeTimestamp } from '../fixtures.js'
import { deliverOnSchedule, isDelivered, type ScheduledDelivery } from './deliver-on-schedule.js'
import { callEndpoint, type SimulatedEndpoint } from './endpoint.js'
import { toClaims } from './events.js'
import type { SimulationSettings } from './options.js'
import type { Random } from './random.js'
import type { SimulatedAttempt, SimulatedDelivery, SimulationReport } from './report.js'
import { KINDE_DISABLES_AFTER_MS } from './schedule.js'

interface Endpoint {
  readonly name: string
  attempts: number
  /** Time of the first failure since the last success. */
  failingSinceMs: number | undefined
  disabledAtMs: number | undefined
}

/** One event on its way to one endpoint. */
interface Delivery {
  readonly endpoint: Endpoint
  readonly claims: BillingEventClaims
  readonly firstAtMs: number
  readonly webhookId: string
  readonly attempts: SimulatedAttempt[]
  token: Promise<string>
  deliveredAtMs: number | undefined
}

interface DueAttempt extends ScheduledDelivery {
  readonly delivery: Delivery
  readonly kind: SimulatedAttempt['kind']
}

interface StartedAttempt {
  readonly due: DueAttempt
  readonly handle: SimulatedEndpoint
  /** Index in the delivery's attempts. */
  readonly index: number
  readonly isAnswerLost: boolean
}

export async function runSimulation(settings: SimulationSettings, random: Random): Promise<SimulationReport> {
  const startMs = settings.clock.now()
  const endpoints = Object.keys(settings.endpoints).map(
    (name): Endpoint => ({ name, attempts: 0, failingSinceMs: undefined, disabledAtMs: undefined }),
  )
  const deliveries = planDeliveries(settings, endpoints, startMs, random)

  /** Makes every random decision of an attempt, in the schedule's order. Undefined if the endpoint is disabled. */
  const start = (due: DueAttempt, atMs: number): StartedAttempt | undefined => {
    const { delivery, kind } = due
    const { endpoint, attempts } = delivery
    const handle = settings.endpoints[endpoint.name]
    if (handle === undefined || endpoint.disabledAtMs !== undefined) return undefined
    const isScheduled = kind === 'scheduled'
    const isAnswerLost = isScheduled && random.fraction() < settings.lostAnswers
    if (isScheduled && atMs > delivery.firstAtMs && settings.renewTimestamps)
      delivery.token = settings.issuer.sign({ ...delivery.claims, timestamp: toKindeTimestamp(startMs + atMs) })
    endpoint.attempts += 1
    const index = attempts.push({ atMs, kind, status: undefined, body: undefined, isAnswerLost }) - 1
    return { due, handle, index, isAnswerLost }
  }

  /** Calls the endpoints, and records the responses in the given order, so that no race decides how the run goes on. */
  const deliverAll = async (started: readonly StartedAttempt[], atMs: number) => {
    const signed = await Promise.all(started.map(async (one) => ({ one, token: await one.due.delivery.token })))
    const answered = await Promise.all(
      signed.map(async ({ one, token }) => ({
        one,
        response: await callEndpoint(one.handle, token, one.due.delivery.webhookId, settings.answerTimeoutMs),
      })),
    )
    return answered.map(({ one: { due, index, isAnswerLost }, response }) => {
      const { delivery, kind } = due
      const status = isAnswerLost ? undefined : response.status
      delivery.attempts[index] = { atMs, kind, isAnswerLost, ...response }
      if (kind === 'scheduled') recordResult(delivery, atMs, isDelivered(status))
      return { delivery: due, status }
    })
  }

  /** Duplicates an attempt by chance: returns one for the same moment, or adds one for later. */
  const duplicate = ({ delivery, kind }: DueAttempt, atMs: number, add: (copy: DueAttempt) => void): DueAttempt[] => {
    if (kind === 'duplicate' || random.fraction() >= settings.duplicates) return []
    const copy = { delivery, kind: 'duplicate', attemptsMs: [0] } as const
    if (random.fraction() < 0.5) return [{ ...copy, firstAtMs: atMs }]
    add({ ...copy, firstAtMs: atMs + 1 + Math.floor(random.fraction() * settings.reorderMs) })
    return []
  }

  const scheduled = deliveries.map(
    (delivery): DueAttempt => ({ delivery, kind: 'scheduled', firstAtMs: delivery.firstAtMs }),
  )
  const durationMs = await deliverOnSchedule(scheduled, {
    advanceTo: (atMs) => settings.clock.advanceTo(startMs + atMs),
    attempt(due, atMs, add) {
      const all = due.flatMap((item) => [item, ...duplicate(item, atMs, add)])
      return deliverAll(
        random.shuffle(all).flatMap((item) => start(item, atMs) ?? []),
        atMs,
      )
    },
  })
  return toReport(deliveries, endpoints, durationMs)
}

function planDeliveries(
  { events, issuer, spacingMs, reorderMs, dialect }: SimulationSettings,
  endpoints: readonly Endpoint[],
  startMs: number,
  random: Random,
): Delivery[] {
  return events.flatMap((event, index) => {
    const occursAtMs = index * spacingMs
    const claims = toClaims(event, startMs + occursAtMs, random, dialect)
    const token = issuer.sign(claims)
    return endpoints.map((endpoint) => ({
      endpoint,
      claims,
      token,
      firstAtMs: occursAtMs + Math.floor(random.fraction() * reorderMs),
      webhookId: `webhook_${random.hex(32)}`,
      attempts: [],
      deliveredAtMs: undefined,
    }))
  })
}

function recordResult(delivery: Delivery, atMs: number, isSuccess: boolean): void {
  const { endpoint } = delivery
  if (isSuccess) {
    delivery.deliveredAtMs = atMs
    endpoint.failingSinceMs = undefined
    return
  }
  endpoint.failingSinceMs ??= atMs
  if (atMs - endpoint.failingSinceMs >= KINDE_DISABLES_AFTER_MS) endpoint.disabledAtMs ??= atMs
}

function toReport(
  deliveries: readonly Delivery[],
  endpoints: readonly Endpoint[],
  durationMs: number,
): SimulationReport {
  return {
    deliveries: deliveries.map(
      ({ endpoint, claims, webhookId, attempts, deliveredAtMs }): SimulatedDelivery => ({
        endpoint: endpoint.name,
        eventId: claims.event_id,
        type: claims.type,
        webhookId,
        attempts,
        deliveredAtMs,
        isGivenUp: deliveredAtMs === undefined,
      }),
    ),
    endpoints: Object.fromEntries(
      endpoints.map(({ name, attempts, disabledAtMs }) => [name, { attempts, disabledAtMs }]),
    ),
    durationMs,
  }
}

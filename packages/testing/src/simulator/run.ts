import { type BillingEventClaims, toKindeTimestamp } from '../fixtures.js'
import { createAgenda } from './agenda.js'
import { callEndpoint, type EndpointResponse, type SimulatedEndpoint } from './endpoint.js'
import { toClaims } from './events.js'
import type { SimulationSettings } from './options.js'
import type { Random } from './random.js'
import type { SimulatedAttempt, SimulatedDelivery, SimulationReport } from './report.js'
import { KINDE_ATTEMPTS_MS, KINDE_DISABLES_AFTER_MS } from './schedule.js'

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
  tries: number
  deliveredAtMs: number | undefined
}

interface DueAttempt {
  readonly delivery: Delivery
  readonly kind: SimulatedAttempt['kind']
}

interface StartedAttempt extends DueAttempt {
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
  const agenda = createAgenda<DueAttempt>()
  for (const delivery of deliveries) agenda.add(delivery.firstAtMs, { delivery, kind: 'scheduled' })

  /** Makes every random decision of an attempt, in the agenda's order. Undefined if the endpoint is disabled. */
  const start = ({ delivery, kind }: DueAttempt, atMs: number): StartedAttempt | undefined => {
    const { endpoint, attempts } = delivery
    const handle = settings.endpoints[endpoint.name]
    if (handle === undefined || endpoint.disabledAtMs !== undefined) return undefined
    const isScheduled = kind === 'scheduled'
    const isAnswerLost = isScheduled && random.fraction() < settings.lostAnswers
    if (isScheduled && delivery.tries > 0 && settings.renewTimestamps)
      delivery.token = settings.issuer.sign({ ...delivery.claims, timestamp: toKindeTimestamp(startMs + atMs) })
    delivery.tries += isScheduled ? 1 : 0
    endpoint.attempts += 1
    const index = attempts.push({ atMs, kind, status: undefined, body: undefined, isAnswerLost }) - 1
    return { delivery, kind, handle, index, isAnswerLost }
  }

  const finish = (attempt: StartedAttempt, response: EndpointResponse, atMs: number): void => {
    const { delivery, kind, index, isAnswerLost } = attempt
    delivery.attempts[index] = { atMs, kind, isAnswerLost, ...response }
    if (kind === 'duplicate') return
    recordResult(delivery, atMs, response.status === 200 && !isAnswerLost)
    const nextMs = KINDE_ATTEMPTS_MS[delivery.tries]
    if (delivery.deliveredAtMs === undefined && nextMs !== undefined)
      agenda.add(delivery.firstAtMs + nextMs, { delivery, kind })
  }

  /** Calls the endpoints and finishes the attempts in the given order, so that no race decides how the run goes on. */
  const deliverAll = async (started: readonly StartedAttempt[], atMs: number): Promise<void> => {
    const signed = await Promise.all(started.map(async (one) => ({ one, token: await one.delivery.token })))
    const answered = await Promise.all(
      signed.map(async ({ one, token }) => ({
        one,
        response: await callEndpoint(one.handle, token, one.delivery.webhookId, settings.answerTimeoutMs),
      })),
    )
    for (const { one, response } of answered) finish(one, response, atMs)
  }

  /** Duplicates an attempt by chance: returns one for the same moment, or schedules one for later. */
  const duplicate = ({ delivery, kind }: DueAttempt, atMs: number): DueAttempt[] => {
    if (kind === 'duplicate' || random.fraction() >= settings.duplicates) return []
    const copy: DueAttempt = { delivery, kind: 'duplicate' }
    if (random.fraction() < 0.5) return [copy]
    agenda.add(atMs + 1 + Math.floor(random.fraction() * settings.reorderMs), copy)
    return []
  }

  let durationMs = 0
  for (let due = agenda.takeNext(); due !== undefined; due = agenda.takeNext()) {
    const { atMs, items } = due
    durationMs = atMs
    settings.clock.advanceTo(startMs + atMs)
    const all = items.flatMap((item) => [item, ...duplicate(item, atMs)])
    const started = random.shuffle(all).flatMap((item) => start(item, atMs) ?? [])
    await deliverAll(started, atMs)
  }
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
      tries: 0,
      deliveredAtMs: undefined,
    }))
  })
}

function recordResult(delivery: Delivery, atMs: number, isDelivered: boolean): void {
  const { endpoint } = delivery
  if (isDelivered) {
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

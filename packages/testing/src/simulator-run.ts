import { type BillingEventClaims, kindeTimestamp } from './fixtures.js'
import type { SimulatedAttempt, SimulatedDelivery, SimulationOptions, SimulationReport } from './simulator.js'
import { createAgenda } from './simulator-agenda.js'
import type { Chance } from './simulator-chance.js'
import { callEndpoint, type EndpointAnswer, type SimulatedEndpoint } from './simulator-endpoint.js'
import { claimsOf } from './simulator-events.js'
import { KINDE_ATTEMPTS_MS, KINDE_DISABLES_AFTER_MS } from './simulator-schedule.js'

/** The options of a simulation with its defaults filled in. */
export type SimulationSettings = { readonly [Name in keyof SimulationOptions]-?: NonNullable<SimulationOptions[Name]> }

interface Endpoint {
  readonly name: string
  attempts: number
  /** Since when no attempt has succeeded. */
  failingSinceMs: number | undefined
  disabledAtMs: number | undefined
}

/** One event on its way to one endpoint. */
interface Errand {
  readonly endpoint: Endpoint
  readonly claims: BillingEventClaims
  readonly firstAtMs: number
  readonly webhookId: string
  readonly attempts: SimulatedAttempt[]
  token: Promise<string>
  tries: number
  deliveredAtMs: number | undefined
}

interface Attempt {
  readonly errand: Errand
  readonly kind: SimulatedAttempt['kind']
}

/** An attempt that is sent now. */
interface BegunAttempt extends Attempt {
  readonly handle: SimulatedEndpoint
  /** Its index in the errand's attempts. */
  readonly place: number
  readonly isAnswerLost: boolean
}

export async function runSimulation(settings: SimulationSettings, chance: Chance): Promise<SimulationReport> {
  const startMs = settings.clock.now()
  const endpoints = Object.keys(settings.endpoints).map(
    (name): Endpoint => ({ name, attempts: 0, failingSinceMs: undefined, disabledAtMs: undefined }),
  )
  const errands = planErrands(settings, endpoints, startMs, chance)
  const agenda = createAgenda<Attempt>()
  for (const errand of errands) agenda.add(errand.firstAtMs, { errand, kind: 'scheduled' })

  /** Everything about an attempt that chance decides, in the agenda's order. Undefined if the endpoint is disabled. */
  const begin = ({ errand, kind }: Attempt, atMs: number): BegunAttempt | undefined => {
    const { endpoint, attempts } = errand
    const handle = settings.endpoints[endpoint.name]
    if (handle === undefined || endpoint.disabledAtMs !== undefined) return undefined
    const isScheduled = kind === 'scheduled'
    const isAnswerLost = isScheduled && chance.fraction() < settings.lostAnswers
    if (isScheduled && errand.tries > 0 && settings.renewTimestamps)
      errand.token = settings.issuer.sign({ ...errand.claims, timestamp: kindeTimestamp(startMs + atMs) })
    errand.tries += isScheduled ? 1 : 0
    endpoint.attempts += 1
    const place = attempts.push({ atMs, kind, status: undefined, body: undefined, isAnswerLost }) - 1
    return { errand, kind, handle, place, isAnswerLost }
  }

  const finish = ({ errand, kind, place, isAnswerLost }: BegunAttempt, answer: EndpointAnswer, atMs: number): void => {
    errand.attempts[place] = { atMs, kind, isAnswerLost, ...answer }
    if (kind === 'duplicate') return
    settle(errand, atMs, answer.status === 200 && !isAnswerLost)
    const nextMs = KINDE_ATTEMPTS_MS[errand.tries]
    if (errand.deliveredAtMs === undefined && nextMs !== undefined)
      agenda.add(errand.firstAtMs + nextMs, { errand, kind })
  }

  /** Calls endpoints in the given order and settles in the same order, so that no race decides how the run goes on. */
  const deliverAll = async (begun: readonly BegunAttempt[], atMs: number): Promise<void> => {
    const signed = await Promise.all(begun.map(async (one) => ({ one, token: await one.errand.token })))
    const answered = await Promise.all(
      signed.map(async ({ one, token }) => ({
        one,
        answer: await callEndpoint(one.handle, token, one.errand.webhookId, settings.answerTimeoutMs),
      })),
    )
    for (const { one, answer } of answered) finish(one, answer, atMs)
  }

  /** Some attempts arrive twice: at the same moment, or later. */
  const twins = ({ errand, kind }: Attempt, atMs: number): Attempt[] => {
    if (kind === 'duplicate' || chance.fraction() >= settings.duplicates) return []
    const twin: Attempt = { errand, kind: 'duplicate' }
    if (chance.fraction() < 0.5) return [twin]
    agenda.add(atMs + 1 + Math.floor(chance.fraction() * settings.reorderMs), twin)
    return []
  }

  let durationMs = 0
  for (let due = agenda.takeNext(); due !== undefined; due = agenda.takeNext()) {
    const { atMs, items } = due
    durationMs = atMs
    settings.clock.advanceTo(startMs + atMs)
    const all = items.flatMap((item) => [item, ...twins(item, atMs)])
    const begun = chance.shuffle(all).flatMap((item) => begin(item, atMs) ?? [])
    await deliverAll(begun, atMs)
  }
  return report(errands, endpoints, durationMs)
}

function planErrands(
  { events, issuer, spacingMs, reorderMs, dialect }: SimulationSettings,
  endpoints: readonly Endpoint[],
  startMs: number,
  chance: Chance,
): Errand[] {
  return events.flatMap((event, index) => {
    const occursAtMs = index * spacingMs
    const claims = claimsOf(event, startMs + occursAtMs, chance, dialect)
    const token = issuer.sign(claims)
    return endpoints.map((endpoint) => ({
      endpoint,
      claims,
      token,
      firstAtMs: occursAtMs + Math.floor(chance.fraction() * reorderMs),
      webhookId: `webhook_${chance.hex(32)}`,
      attempts: [],
      tries: 0,
      deliveredAtMs: undefined,
    }))
  })
}

function settle(errand: Errand, atMs: number, isDelivered: boolean): void {
  const { endpoint } = errand
  if (isDelivered) {
    errand.deliveredAtMs = atMs
    endpoint.failingSinceMs = undefined
    return
  }
  endpoint.failingSinceMs ??= atMs
  if (atMs - endpoint.failingSinceMs >= KINDE_DISABLES_AFTER_MS) endpoint.disabledAtMs ??= atMs
}

function report(errands: readonly Errand[], endpoints: readonly Endpoint[], durationMs: number): SimulationReport {
  return {
    deliveries: errands.map(
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

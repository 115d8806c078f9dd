import { setTimeout as sleep } from 'node:timers/promises'
import { type BillingEventType, isBillingEventType } from '@kinde-billing/core'
import { billingEventFixture } from '@kinde-billing/testing'
import { type Answer, type Sending, send } from '../endpoint/send.js'
import type { Target } from '../endpoint/target.js'
import type { DevelopmentIssuer } from '../issuer/development-issuer.js'
import type { DevelopmentKey } from '../issuer/development-key.js'
import { learnReference, type Reference, type Run } from './reference.js'

/** How long the doctor waits for what, in milliseconds. */
export interface DoctorTimes {
  /** For one answer. */
  readonly answerMs: number
  /** For an answer to a body that never ends. */
  readonly stallMs: number
  /** A body that arrives slowly takes this long. */
  readonly slowMs: number
  /** For a cooperating handler to be at work. */
  readonly handlerMs: number
  /** For an endpoint to ask for the keys again after an outage. */
  readonly recoveryMs: number
  /** For an endpoint with keys at hand to ask for an unknown one. */
  readonly patienceMs: number
}

export const DOCTOR_TIMES: DoctorTimes = {
  answerMs: 30_000,
  stallMs: 20_000,
  slowMs: 1500,
  handlerMs: 400,
  recoveryMs: 15_000,
  patienceMs: 45_000,
}

/** At most this many requests in one examination. */
export const MAX_REQUESTS = 600

/** An event that is to be delivered, perhaps more than once. */
export interface Probe {
  readonly eventId: string
  readonly webhookId: string
  readonly claims: object
  readonly token: string
}

/** What to change in an event. */
export interface ProbeOptions {
  readonly type?: string
  readonly data?: { readonly [member: string]: unknown }
  /** Claims to add or to replace. */
  readonly claims?: { readonly [claim: string]: unknown }
  readonly webhookId?: string
  readonly key?: DevelopmentKey
  readonly header?: { readonly [member: string]: unknown }
}

/** What earlier checks have learned of the endpoint. */
export interface Facts {
  /** Whether it has accepted any genuine delivery. */
  isAccepting: boolean
  /** The type that the other checks use: one that it handles, if that can be seen. */
  subject: BillingEventType
  /** Claims that it asks for, although Kinde does not send them. */
  extraClaims: { readonly [claim: string]: unknown }
  /** Members of `data` with which its handler can be seen at work. */
  tellingData: { readonly [member: string]: unknown }
  reference: Reference
  /** Whether its handler fails on the first attempt of an ordinary event. */
  failsAtFirst: boolean
  /** Whether it was seen what becomes of an event after its handler has failed. */
  isFailureJudged: boolean
  /** Members of `data` with which it fails on every attempt. */
  failingData: { readonly [member: string]: unknown } | undefined
}

/** An endpoint under examination: what can be sent to it, and what is known of it. */
export interface Examination {
  readonly issuer: DevelopmentIssuer
  readonly key: DevelopmentKey
  /** Another key set, of somebody whom nobody should trust. */
  readonly rogue: DevelopmentIssuer
  readonly rogueKey: DevelopmentKey
  readonly times: DoctorTimes
  readonly facts: Facts
  event(options?: ProbeOptions): Probe
  /** Sends a request; without headers of its own it looks like one of Kinde's. */
  request(sending: Partial<Sending>): Promise<Answer>
  /** Delivers as Kinde does. */
  deliver(probe: Probe, headers?: { readonly [name: string]: string }): Promise<Answer>
  /** Delivers until it is accepted, four times at most. */
  deliverUntilAccepted(probe: Probe, headers?: { readonly [name: string]: string }): Promise<[Answer, ...Answer[]]>
  /** How often the handler ran for an event, where the application tells. */
  runsOf(probe: Probe): Promise<number | undefined>
  /** Whether the handler ran for this answer, by what the application tells or by what answers look like. */
  runFor(probe: Probe, answer: Answer, runsBefore?: number): Promise<Run>
  /** How many requests found nobody listening. */
  readonly unconnected: number
}

export interface ExaminationOptions {
  readonly target: Target
  readonly ranTarget: Target | undefined
  readonly issuer: DevelopmentIssuer
  readonly key: DevelopmentKey
  readonly rogue: DevelopmentIssuer
  readonly rogueKey: DevelopmentKey
  readonly data: { readonly [member: string]: unknown }
  readonly dialect: 'flat' | 'nested'
  readonly times: DoctorTimes
  readonly signal: AbortSignal
}

/** The examination has used up its requests or its time. */
export class BoundReached extends Error {}

export function openExamination(options: ExaminationOptions): Examination {
  const { target, ranTarget, times, signal } = options
  let requests = 0
  let unconnected = 0
  const facts: Facts = {
    isAccepting: false,
    subject: 'customer.plan_changed',
    extraClaims: {},
    tellingData: {},
    reference: learnReference([]),
    failsAtFirst: false,
    isFailureJudged: false,
    failingData: undefined,
  }

  const request: Examination['request'] = async (sending) => {
    if (++requests > MAX_REQUESTS || signal.aborted) throw new BoundReached()
    const headers = { 'content-type': 'application/jwt', 'webhook-id': crypto.randomUUID() }
    const answer = await send(target, { headers, timeoutMs: times.answerMs, signal, ...sending })
    if (answer.failure === 'not connected') unconnected += 1
    if (answer.failure === 'stopped') throw new BoundReached()
    return answer
  }

  const event: Examination['event'] = ({ type = facts.subject, data, claims, webhookId, key, header } = {}) => {
    const fixtureType = isBillingEventType(type) ? type : facts.subject
    const all: { event_id: string; [claim: string]: unknown } = {
      ...billingEventFixture(fixtureType, { data: { ...options.data, ...data } }, { dialect: options.dialect }),
      type,
      ...facts.extraClaims,
      ...claims,
    }
    const token = (key ?? options.key).sign(all, header)
    return { eventId: all.event_id, webhookId: webhookId ?? crypto.randomUUID(), claims: all, token }
  }

  const deliver: Examination['deliver'] = ({ token, webhookId }, headers) =>
    request({ body: token, headers: { 'content-type': 'application/jwt', 'webhook-id': webhookId, ...headers } })

  const runsOf: Examination['runsOf'] = async ({ eventId }) => {
    if (ranTarget === undefined) return undefined
    const url = new URL(ranTarget.url)
    url.searchParams.set('event_id', eventId)
    const answer = await send({ ...ranTarget, url }, { method: 'GET', headers: {}, timeoutMs: times.answerMs, signal })
    return answer.status === 200 ? readRuns(answer.body) : undefined
  }

  return {
    ...options,
    facts,
    event,
    request,
    deliver,
    async deliverUntilAccepted(probe, headers) {
      const answers: [Answer, ...Answer[]] = [await deliver(probe, headers)]
      for (const pauseMs of [50, 150, 450]) {
        if (answers.some(isAccepted)) break
        await sleep(pauseMs)
        answers.push(await deliver(probe, headers))
      }
      return answers
    },
    runsOf,
    async runFor(probe, answer, runsBefore = 0) {
      const runs = await runsOf(probe)
      return runs === undefined ? facts.reference.classify(answer) : runs > runsBefore ? 'ran' : 'skipped'
    },
    get unconnected() {
      return unconnected
    },
  }
}

/** A number as text, or JSON with the number as `runs`. */
function readRuns(body: string): number | undefined {
  try {
    const value: unknown = JSON.parse(body)
    const runs = typeof value === 'object' && value !== null && 'runs' in value ? value.runs : value
    return typeof runs === 'number' ? runs : undefined
  } catch {
    return undefined
  }
}

/** Whether an answer looks like success. Kinde counts 200 only; which of them it is, is a check of its own. */
export function isAccepted({ status = 0 }: Answer): boolean {
  return status >= 200 && status < 300
}

/** An answer in a few words, for evidence. */
export function wordsOf({ status, failure, errorCode, body }: Answer): string {
  if (status === undefined) return errorCode ?? failure ?? 'no answer'
  if (/^\s*<[!h]/i.test(body)) return `${status} (a page)`
  const said = body.replace(/[^\x20-\x7e]+/g, ' ').trim()
  return said === '' ? String(status) : `${status} ${said.length > 60 ? `${said.slice(0, 60)}…` : said}`
}

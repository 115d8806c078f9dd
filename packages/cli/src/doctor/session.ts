import { setTimeout as sleep } from 'node:timers/promises'
import { type BillingEventType, isBillingEventType } from '@kinde-billing/core'
import { billingEventFixture, type Dialect } from '@kinde-billing/testing'
import { type Answer, type Sending, send } from '../endpoint/send.js'
import type { Target } from '../endpoint/target.js'
import type { DevelopmentIssuer } from '../issuer/development-issuer.js'
import type { DevelopmentKey } from '../issuer/development-key.js'
import { createRateLimitWait, RateLimited } from './rate-limit.js'
import { learnReference, type Reference, type Run } from './reference.js'
import { fetchRuns } from './run-count.js'
import { Stopped } from './stopped.js'
import type { DoctorTimes } from './times.js'

/** Limit of requests in one run. */
export const MAX_REQUESTS = 900

/** An event to deliver, once or more often. */
export interface Probe {
  readonly eventId: string
  readonly webhookId: string
  readonly claims: object
  readonly token: string
}

/** Changes to an event. */
export interface ProbeOptions {
  readonly type?: string
  readonly data?: { readonly [member: string]: unknown }
  /** Claims to add or replace. */
  readonly claims?: { readonly [claim: string]: unknown }
  readonly webhookId?: string
  readonly key?: DevelopmentKey
  readonly header?: { readonly [member: string]: unknown }
}

/** Knowledge about the endpoint from earlier checks. */
export interface Facts {
  /** `true` once it has accepted a genuine delivery. */
  isAccepting: boolean
  /** Type that the other checks use: one that it handles, if that can be seen. */
  subject: BillingEventType
  /** Media type that it accepts. */
  mediaType: string
  /** Claims that it requires although Kinde does not send them. */
  extraClaims: { readonly [claim: string]: unknown }
  /** Members of `data` with which a run of its handler can be seen. */
  tellingData: { readonly [member: string]: unknown }
  reference: Reference
  /** `true` if its handler takes as long as `data.doctor.delayMs` says. */
  isCooperating: boolean
  /** `true` if its handler fails on the first attempt of ordinary events. */
  failsAtFirst: boolean
  /** `true` if the effect of a failure on later attempts was seen. */
  isFailureKnown: boolean
  /** Members of `data` with which it fails on every attempt. */
  failingData: { readonly [member: string]: unknown } | undefined
  /** `true` once it has accepted a key that it did not have before. */
  hasTakenNewKey: boolean
  /** `true` if it refused a genuine delivery for want of keys. */
  needsKeys: boolean
  /** `true` if it answers 200 to everything, and nothing tells what it has handled. */
  hidesRefusals: boolean
  /** `true` if its handler runs after the answer. */
  runsLate: boolean
}

/** One run of the doctor against one endpoint. */
export interface Session {
  readonly issuer: DevelopmentIssuer
  /** The key that the endpoint should trust from the start. */
  readonly key: DevelopmentKey
  /** A key that the issuer publishes later. */
  readonly nextKey: DevelopmentKey
  /** Another key set, which the endpoint must not trust. */
  readonly attacker: DevelopmentIssuer
  readonly attackerKey: DevelopmentKey
  readonly times: DoctorTimes
  readonly facts: Facts
  /** Creates an event. */
  event(options?: ProbeOptions): Probe
  /** Creates an event that an attacker signed under the id of the issuer's key. */
  forgedEvent(options?: ProbeOptions): Probe
  /** Sends a request. Without headers it looks like one of Kinde's. */
  request(sending: Partial<Sending>): Promise<Answer>
  /** Delivers an event as Kinde does. */
  deliver(probe: Probe, headers?: { readonly [name: string]: string }): Promise<Answer>
  /** Delivers an event until it is accepted, at most four times. */
  deliverUntilAccepted(probe: Probe, headers?: { readonly [name: string]: string }): Promise<[Answer, ...Answer[]]>
  /** Number of handler runs for an event. `undefined` without `--ran-url`. */
  countRuns(probe: Probe): Promise<number | undefined>
  /** Tells whether the handler ran for an answer, by the run count or by the look of the answer. */
  findRun(probe: Probe, answer: Answer, runsBefore?: number): Promise<Run>
  /** Waits until a run is counted, for three times the time that a cooperating handler takes. */
  awaitRun(probe: Probe, runsBefore?: number): Promise<boolean>
  pause(ms: number): Promise<void>
  /** Requests that found nothing listening. */
  readonly unconnected: number
}

export interface SessionOptions
  extends Pick<Session, 'issuer' | 'key' | 'nextKey' | 'attacker' | 'attackerKey' | 'times'> {
  readonly target: Target
  readonly ranTarget: Target | undefined
  readonly data: { readonly [member: string]: unknown }
  readonly dialect: Dialect
  readonly signal: AbortSignal
}

export function openSession(options: SessionOptions): Session {
  const { target, ranTarget, times, signal, key, attackerKey } = options
  const facts = initialFacts()
  const rateLimitWait = createRateLimitWait()
  let [requests, unconnected] = [0, 0]

  const pause: Session['pause'] = async (ms) => {
    await sleep(ms, undefined, { signal }).catch(() => {
      throw new Stopped()
    })
  }

  const request: Session['request'] = async (sending) => {
    for (;;) {
      requests += 1
      if (requests > MAX_REQUESTS || signal.aborted) throw new Stopped()
      const headers = { 'content-type': facts.mediaType, 'webhook-id': crypto.randomUUID() }
      const answer = await send(target, { headers, timeoutMs: times.answerMs, signal, ...sending })
      if (answer.failure === 'not connected') unconnected += 1
      if (answer.failure === 'stopped') throw new Stopped()
      if (answer.status !== 429) return answer
      if (typeof sending.body === 'object' && !(sending.body instanceof Uint8Array)) throw new RateLimited()
      await pause(rateLimitWait(answer))
    }
  }

  const event: Session['event'] = ({
    type = facts.subject,
    data,
    claims,
    webhookId,
    key: signer = key,
    header,
  } = {}) => {
    const fixtureType = isBillingEventType(type) ? type : facts.subject
    const all: { event_id: string; [claim: string]: unknown } = {
      ...billingEventFixture(fixtureType, { data: { ...options.data, ...data } }, { dialect: options.dialect }),
      type,
      ...facts.extraClaims,
      ...claims,
    }
    const token = signer.sign(all, header)
    return { eventId: all.event_id, webhookId: webhookId ?? crypto.randomUUID(), claims: all, token }
  }

  const deliver: Session['deliver'] = ({ token, webhookId }, headers) =>
    request({ body: token, headers: { 'content-type': facts.mediaType, 'webhook-id': webhookId, ...headers } })

  const countRuns: Session['countRuns'] = async ({ eventId }) =>
    ranTarget === undefined ? undefined : fetchRuns(ranTarget, eventId, times.answerMs, signal)

  const awaitRun: Session['awaitRun'] = async (probe, runsBefore = 0) => {
    for (let tries = 0; tries < 12; tries++) {
      const runs = await countRuns(probe)
      if (runs === undefined || runs > runsBefore) return runs !== undefined
      await pause(times.handlerMs / 4)
    }
    return false
  }

  return {
    ...options,
    facts,
    event,
    forgedEvent: (changes) =>
      event({ key: attackerKey, ...changes, header: { kid: key.publicKey.kid, ...changes?.header } }),
    request,
    deliver,
    async deliverUntilAccepted(probe, headers) {
      const answers: [Answer, ...Answer[]] = [await deliver(probe, headers)]
      for (const pauseMs of [50, 150, 450]) {
        if (answers.some(isAccepted)) break
        await pause(pauseMs)
        answers.push(await deliver(probe, headers))
      }
      return answers
    },
    countRuns,
    async findRun(probe, answer, runsBefore = 0) {
      const runs = await countRuns(probe)
      if (runs === undefined) return facts.reference.classify(answer)
      if (runs > runsBefore || (facts.runsLate && (await awaitRun(probe, runsBefore)))) return 'ran'
      return 'skipped'
    },
    awaitRun,
    pause,
    get unconnected() {
      return unconnected
    },
  }
}

function initialFacts(): Facts {
  return {
    isAccepting: false,
    subject: 'customer.plan_changed',
    mediaType: 'application/jwt',
    extraClaims: {},
    tellingData: {},
    reference: learnReference([]),
    isCooperating: false,
    failsAtFirst: false,
    isFailureKnown: false,
    failingData: undefined,
    hasTakenNewKey: false,
    needsKeys: false,
    hidesRefusals: false,
    runsLate: false,
  }
}

/** Checks for any status of success. That it is exactly 200 is another check. */
export function isAccepted({ status = 0 }: Answer): boolean {
  return status >= 200 && status < 300
}

/** Describes an answer in a few words. */
export function describeAnswer({ status, failure, errorCode, body }: Answer): string {
  if (status === undefined) return errorCode ?? failure ?? 'no answer'
  if (isPage(body)) return `${status} (a web page)`
  const text = body.replace(/[^\x20-\x7e]+/g, ' ').trim()
  return text === '' ? String(status) : `${status} ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`
}

/** Checks for an HTML document. */
export const isPage = (body: string): boolean => /^\s*<(?:!doctype|html)/i.test(body)

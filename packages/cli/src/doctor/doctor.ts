import type { Target } from '../endpoint/target.js'
import { type DevelopmentIssuer, startDevelopmentIssuer } from '../issuer/development-issuer.js'
import { createDevelopmentKey, type DevelopmentKey } from '../issuer/development-key.js'
import { type Check, type CheckOutcome, found, skipped } from './check.js'
import { forged, ownIssuer, substituted } from './checks/authenticity.js'
import { concurrentDuplicates } from './checks/concurrency.js'
import { lateAttempts, unknownType } from './checks/content.js'
import { duplicate } from './checks/duplicate.js'
import { failedAttempt } from './checks/failure.js'
import { genuine } from './checks/genuine.js'
import { mediaType } from './checks/media-type.js'
import { judgeOutage, playOutageAtFirst } from './checks/outage.js'
import { beginStalled, compressed, oversized, slow, wrongMethod } from './checks/transport.js'
import { webhookId } from './checks/webhook-id.js'
import { BoundReached, DOCTOR_TIMES, type DoctorTimes, type Examination, openExamination } from './examination.js'
import { type FaultId, type Finding, finding } from './faults.js'

/** What the doctor is to examine, and how. */
export interface DoctorOptions {
  readonly target: Target
  /** The development issuer, which must be the doctor's own: it goes out, and comes back. */
  readonly issuer: DevelopmentIssuer
  readonly key: DevelopmentKey
  /** Where the application tells how often its handler ran for an event: see the documentation. */
  readonly ranTarget?: Target | undefined
  /** Laid over each event's `data`, for handlers that need something of their own. */
  readonly data?: { readonly [member: string]: unknown } | undefined
  readonly dialect?: 'flat' | 'nested' | undefined
  readonly times?: Partial<DoctorTimes> | undefined
  /** Ends the examination: what was not checked by then is skipped. */
  readonly signal?: AbortSignal | undefined
  readonly onCheck?: ((title: string, done: number, total: number) => void) | undefined
}

export interface CheckResult extends Omit<CheckOutcome, 'findings'> {
  readonly title: string
}

/** What the doctor found. */
export interface DoctorReport {
  /** Whether every check was made, and none found a fault. */
  readonly ok: boolean
  readonly checks: readonly CheckResult[]
  /** Each fault once, errors first. */
  readonly findings: readonly Finding[]
}

const CHECKS: readonly Check[] = [
  genuine,
  duplicate,
  forged,
  ownIssuer,
  substituted,
  unknownType,
  lateAttempts,
  wrongMethod,
  mediaType,
  compressed,
  oversized,
  slow,
  webhookId,
  failedAttempt,
  concurrentDuplicates,
]

/** Asks an endpoint everything that a receiver of Kinde's webhooks must get right. It answers over HTTP, and nothing else. */
export async function runDoctor(options: DoctorOptions): Promise<DoctorReport> {
  const { target, issuer, key, ranTarget, data = {}, dialect = 'flat', onCheck = () => {} } = options
  const rogueKey = strangersKey()
  const rogue = await startDevelopmentIssuer([rogueKey.publicKey, { ...rogueKey.publicKey, kid: key.publicKey.kid }], 0)
  const end = new AbortController()
  const signal = AbortSignal.any([end.signal, ...(options.signal ? [options.signal] : [])])
  const times = { ...DOCTOR_TIMES, ...options.times }
  try {
    const x = openExamination({ target, issuer, key, ranTarget, data, dialect, times, signal, rogue, rogueKey })
    return summarize(await examine(x, onCheck))
  } finally {
    end.abort()
    await rogue.close()
  }
}

let stranger: DevelopmentKey | undefined
/** The key of somebody whom nobody should trust: one for the process, since making one takes its time. */
function strangersKey(): DevelopmentKey {
  stranger ??= createDevelopmentKey()
  return stranger
}

type Titled = CheckOutcome & { readonly title: string }

async function examine(x: Examination, onCheck: NonNullable<DoctorOptions['onCheck']>): Promise<Titled[]> {
  const total = CHECKS.length + 3
  const results: Titled[] = []
  const run = async (title: string, work: () => Promise<CheckOutcome>): Promise<CheckOutcome> => {
    onCheck(title, results.length, total)
    const outcome = await bounded(work)
    results.push({ title, ...outcome })
    return outcome
  }

  const first = await playOutageAtFirst(x).catch(asBound)
  if (first === undefined) return [{ title: 'connection', ...BOUND }]
  if (first.answer.failure === 'not connected') {
    const evidence = `No connection: ${first.answer.errorCode ?? first.answer.failure}.`
    return [{ title: 'connection', ...found(finding('endpoint_unreachable', evidence)) }]
  }
  const stalled = bounded(() => beginStalled(x))
  for (const { title, examine: ask } of CHECKS) {
    const before = x.unconnected
    await run(title, () => ask(x))
    if (x.unconnected > before && !(await isListening(x))) {
      // what the check made of the silence means nothing
      results.pop()
      const evidence = `Nobody listened any more after the check "${title}".`
      results.push({ title, ...found(finding('endpoint_died', evidence)) })
      return results
    }
  }
  await run('stalled body', () => stalled)
  await run('outage of the key set', () => judgeOutage(x, first))
  return results
}

const BOUND = skipped("the doctor's bounds in requests or time were reached")

async function bounded(work: () => Promise<CheckOutcome>): Promise<CheckOutcome> {
  return (await work().catch(asBound)) ?? BOUND
}

function asBound(error: unknown): undefined {
  if (!(error instanceof BoundReached)) throw error
}

async function isListening(x: Examination): Promise<boolean> {
  return (await x.deliver(x.event())).failure !== 'not connected'
}

/** Findings that others explain: naming them as well would send a reader astray. */
const EXPLAINS: { readonly [Id in FaultId]?: readonly FaultId[] } = {
  decode_without_verification: ['access_token_accepted', 'issuer_not_trusted'],
  keys_from_token_issuer: ['genuine_refused', 'issuer_not_trusted', 'issuer_claim_required'],
  no_recovery_from_outage: ['genuine_refused'],
  json_body_parser: ['genuine_refused', 'issuer_not_trusted'],
}

function summarize(results: readonly Titled[]): DoctorReport {
  const all = results.flatMap(({ findings }) => findings)
  const explained = new Set(all.flatMap(({ id }) => EXPLAINS[id] ?? []))
  const byId = new Map<FaultId, Finding>()
  for (const one of all) {
    const known = byId.get(one.id)
    if (explained.has(one.id) || known?.confidence === 'proven') continue
    if (known === undefined || one.confidence === 'proven') byId.set(one.id, one)
  }
  const findings = [...byId.values()].sort((a, b) => Number(b.severity === 'error') - Number(a.severity === 'error'))
  return {
    ok: findings.length === 0 && results.every(({ detail }) => detail !== BOUND.detail),
    checks: results.map(({ findings: _findings, ...result }) => result),
    findings,
  }
}

import type { Dialect } from '@kinde-billing/testing'
import type { Target } from '../endpoint/target.js'
import { type DevelopmentIssuer, startDevelopmentIssuer } from '../issuer/development-issuer.js'
import { createDevelopmentKey, type DevelopmentKey } from '../issuer/development-key.js'
import { type Check, type CheckOutcome, found, STOPPED, unclear } from './check.js'
import { forged, ownIssuer, substituted } from './checks/authenticity.js'
import { concurrentDuplicates } from './checks/concurrency.js'
import { lateAttempts, unknownType } from './checks/content.js'
import { duplicate } from './checks/duplicate.js'
import { earlyAnswer } from './checks/early-answer.js'
import { failedAttempt } from './checks/failure.js'
import { findFront } from './checks/front.js'
import { genuine } from './checks/genuine.js'
import { mediaType } from './checks/media-type.js'
import { memory } from './checks/memory.js'
import { beginWithOutage, checkRotation, type OutageSeen, reportOutage } from './checks/outage.js'
import { beginStalled, compressed, oversized, slow, wrongMethod } from './checks/transport.js'
import { webhookId } from './checks/webhook-id.js'
import { finding } from './faults.js'
import { RateLimited } from './rate-limit.js'
import { openSession, type Session } from './session.js'
import { Stopped } from './stopped.js'
import { type DoctorReport, type NamedOutcome, toReport } from './summary.js'
import { DOCTOR_TIMES, type DoctorTimes } from './times.js'

/** Options of {@link runDoctor}. */
export interface DoctorOptions {
  readonly target: Target
  /** Used by the doctor alone: it simulates outages and publishes keys. */
  readonly issuer: DevelopmentIssuer
  readonly key: DevelopmentKey
  /** Tells how often the application's handler ran for an event. */
  readonly ranTarget?: Target | undefined
  /** Replaces members of each event's `data`. */
  readonly data?: { readonly [member: string]: unknown } | undefined
  readonly dialect?: Dialect | undefined
  readonly times?: Partial<DoctorTimes> | undefined
  /** Ends the run. The report is then partial. */
  readonly signal: AbortSignal
  readonly onCheck?: ((title: string, done: number, total: number) => void) | undefined
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
  memory,
  failedAttempt,
  earlyAnswer,
  concurrentDuplicates,
]

/** Runs all checks against an endpoint, over HTTP alone. */
export function runDoctor(options: DoctorOptions): Promise<DoctorReport> {
  const { signal, onCheck = () => {} } = options
  return withSession(options, async (session) => toReport(await runChecks(session, onCheck), signal.aborted))
}

/** Runs the work with a session, whose attacker has a key set of its own. */
export async function withSession<Result>(
  options: DoctorOptions,
  work: (session: Session) => Promise<Result>,
): Promise<Result> {
  const { target, issuer, key, ranTarget, data = {}, dialect = 'mixed', signal } = options
  const { attackerKey, nextKey } = getKeys()
  // also under the id of the issuer's key: the endpoint may look for that one
  const attacker = await startDevelopmentIssuer(
    [attackerKey.publicKey, { ...attackerKey.publicKey, kid: key.publicKey.kid }],
    0,
  )
  const times = { ...DOCTOR_TIMES, ...options.times }
  try {
    const keys = { issuer, key, nextKey, attacker, attackerKey }
    return await work(openSession({ target, ranTarget, data, dialect, times, signal, ...keys }))
  } finally {
    await attacker.close()
  }
}

let keys: { readonly attackerKey: DevelopmentKey; readonly nextKey: DevelopmentKey } | undefined
/** Creating a key takes a while, so one process uses the same ones for all runs. */
function getKeys(): NonNullable<typeof keys> {
  keys ??= { attackerKey: createDevelopmentKey(), nextKey: createDevelopmentKey() }
  return keys
}

async function runChecks(session: Session, onCheck: NonNullable<DoctorOptions['onCheck']>): Promise<NamedOutcome[]> {
  const total = CHECKS.length + 4
  const results: NamedOutcome[] = []
  const run = async (title: string, work: () => Promise<CheckOutcome>): Promise<void> => {
    onCheck(title, results.length, total)
    results.push({ title, ...(await settle(work)) })
  }

  const seen = await beginWithOutage(session).catch(toOutcome)
  if ('verdict' in seen) return [{ title: 'connection', ...seen }]
  const front = await findUnusable(session, seen).catch(toOutcome)
  if (front !== undefined) return [{ title: 'connection', ...front }]
  const stalled = settle(() => beginStalled(session))
  for (const check of CHECKS) {
    const before = session.unconnected
    await run(check.title, () => check.run(session))
    if (session.unconnected > before && !(await isListening(session))) {
      // the check's result only reflects the silence
      results.pop()
      const evidence = `Nothing listened any more after the check "${check.title}".`
      results.push({ title: check.title, ...found(finding('endpoint_died', evidence)) })
      return results
    }
  }
  await run('stalled body', () => stalled)
  await run('outage of the key set', () => reportOutage(session, seen))
  await run('new key', () => checkRotation(session))
  return results
}

/** An endpoint that cannot be reached, or something else in its place. */
async function findUnusable(session: Session, { first }: OutageSeen): Promise<CheckOutcome | undefined> {
  if (first.failure === 'not connected')
    return found(finding('endpoint_unreachable', `No connection: ${first.errorCode ?? first.failure}.`))
  return findFront(session, first)
}

const RATE_LIMITED = unclear(
  'the endpoint limits the rate of requests (429); exempt this machine while you run the doctor',
)

function settle(work: () => Promise<CheckOutcome>): Promise<CheckOutcome> {
  return work().catch(toOutcome)
}

function toOutcome(error: unknown): CheckOutcome {
  if (error instanceof RateLimited) return RATE_LIMITED
  if (error instanceof Stopped) return STOPPED
  throw error
}

async function isListening(session: Session): Promise<boolean> {
  const answer = await session.deliver(session.event()).catch(() => undefined)
  return answer?.failure !== 'not connected'
}

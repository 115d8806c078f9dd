import { setMaxListeners } from 'node:events'
import type { CheckOutcome } from '../src/doctor/check.js'
import { genuine } from '../src/doctor/checks/genuine.js'
import { type DoctorOptions, runDoctor, withSession } from '../src/doctor/doctor.js'
import type { FaultId } from '../src/doctor/faults.js'
import type { Session } from '../src/doctor/session.js'
import type { DoctorReport } from '../src/doctor/summary.js'
import type { DoctorTimes } from '../src/doctor/times.js'
import { resolveTarget } from '../src/endpoint/target.js'
import { type DevelopmentIssuer, startDevelopmentIssuer } from '../src/issuer/development-issuer.js'
import { createDevelopmentKey } from '../src/issuer/development-key.js'
import { type Handling, type Plant, type PlantedEndpoint, startPlanted } from './planted-endpoint.js'

/** A fraction of the doctor's times: the endpoints of tests are quick. */
const QUICK = { answerMs: 3000, stallMs: 900, slowMs: 60, handlerMs: 200, recoveryMs: 2000, rotationMs: 3000 }
/** For checks that run side by side on a busy machine, where no answer is awaited in vain. */
const PATIENT = { answerMs: 120_000 }
const key = createDevelopmentKey()
const { signal } = new AbortController()
// runs side by side share it
setMaxListeners(0, signal)

type Start = (
  issuer: DevelopmentIssuer,
) => Promise<Pick<PlantedEndpoint, 'url' | 'close'> & { readonly ranUrl?: string }>

/** Runs the doctor against an endpoint that trusts its issuer. */
export const examine = (start: Start, times: Partial<DoctorTimes> = {}): Promise<DoctorReport> =>
  withEndpoint(start, (options) => runDoctor({ ...options, times: { ...options.times, ...times } }))

/** Runs one check alone, after the genuine deliveries from which checks learn. */
export function runCheck(check: (session: Session) => Promise<CheckOutcome>, start: Start): Promise<CheckOutcome> {
  return withEndpoint(start, (options) =>
    withSession({ ...options, times: { ...options.times, ...PATIENT } }, async (session) => {
      if (check !== genuine.run) await genuine.run(session)
      return check(session)
    }),
  )
}

async function withEndpoint<Result>(start: Start, work: (options: DoctorOptions) => Promise<Result>): Promise<Result> {
  const issuer = await startDevelopmentIssuer([key.publicKey], 0)
  const endpoint = await start(issuer)
  try {
    const ranTarget = endpoint.ranUrl === undefined ? undefined : await resolveTarget(endpoint.ranUrl)
    return await work({ target: await resolveTarget(endpoint.url), ranTarget, issuer, key, times: QUICK, signal })
  } finally {
    await endpoint.close()
    await issuer.close()
  }
}

/** Runs the doctor against an endpoint with a planted fault, with or without `--ran-url`. */
export function examinePlanted(
  plant: Plant | undefined,
  handling: Handling = {},
  isTold = false,
  times: Partial<DoctorTimes> = {},
): Promise<DoctorReport> {
  return examine(async ({ url: issuer }) => {
    const { url, ranUrl, close } = await startPlanted(plant, issuer, handling)
    return { url, close, ...(isTold ? { ranUrl } : {}) }
  }, times)
}

export const idsOf = ({ findings }: DoctorReport): FaultId[] => findings.map(({ id }) => id)

import { runDoctor } from '../src/doctor/doctor.js'
import type { FaultId } from '../src/doctor/faults.js'
import type { DoctorReport } from '../src/doctor/summary.js'
import { resolveTarget } from '../src/endpoint/target.js'
import { type DevelopmentIssuer, startDevelopmentIssuer } from '../src/issuer/development-issuer.js'
import { createDevelopmentKey } from '../src/issuer/development-key.js'
import { type Handling, type Plant, type PlantedEndpoint, startPlanted } from './planted-endpoint.js'

/** A fraction of the doctor's times: the endpoints of tests are quick. */
const QUICK = { answerMs: 3000, stallMs: 900, slowMs: 60, handlerMs: 200, recoveryMs: 2000, rotationMs: 3000 }
const key = createDevelopmentKey()
const { signal } = new AbortController()

/** Runs the doctor against an endpoint that trusts its issuer. */
export async function examine(
  start: (issuer: DevelopmentIssuer) => Promise<Pick<PlantedEndpoint, 'url' | 'close'> & { readonly ranUrl?: string }>,
): Promise<DoctorReport> {
  const issuer = await startDevelopmentIssuer([key.publicKey], 0)
  const endpoint = await start(issuer)
  try {
    const ranTarget = endpoint.ranUrl === undefined ? undefined : await resolveTarget(endpoint.ranUrl)
    return await runDoctor({ target: await resolveTarget(endpoint.url), ranTarget, issuer, key, times: QUICK, signal })
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
): Promise<DoctorReport> {
  return examine(async ({ url: issuer }) => {
    const { url, ranUrl, close } = await startPlanted(plant, issuer, handling)
    return { url, close, ...(isTold ? { ranUrl } : {}) }
  })
}

export const idsOf = ({ findings }: DoctorReport): FaultId[] => findings.map(({ id }) => id)

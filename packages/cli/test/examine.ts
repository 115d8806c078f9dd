import { type DoctorReport, runDoctor } from '../src/doctor/doctor.js'
import type { FaultId } from '../src/doctor/faults.js'
import { resolveTarget } from '../src/endpoint/target.js'
import { type DevelopmentIssuer, startDevelopmentIssuer } from '../src/issuer/development-issuer.js'
import { createDevelopmentKey } from '../src/issuer/development-key.js'
import { type Handling, type Plant, type PlantedEndpoint, startPlanted } from './planted-endpoint.js'

/** A fraction of the doctor's patience: the endpoints of tests are quick. */
const QUICK = { answerMs: 3000, stallMs: 900, slowMs: 60, handlerMs: 200, recoveryMs: 2000, patienceMs: 1500 }
const key = createDevelopmentKey()

/** What the doctor finds in an endpoint that trusts its issuer. */
export async function examine(
  start: (issuer: DevelopmentIssuer) => Promise<Pick<PlantedEndpoint, 'url' | 'close'> & { readonly ranUrl?: string }>,
): Promise<DoctorReport> {
  const issuer = await startDevelopmentIssuer([key.publicKey], 0)
  const endpoint = await start(issuer)
  try {
    const ranTarget = endpoint.ranUrl === undefined ? undefined : await resolveTarget(endpoint.ranUrl)
    return await runDoctor({ target: await resolveTarget(endpoint.url), ranTarget, issuer, key, times: QUICK })
  } finally {
    await endpoint.close()
    await issuer.close()
  }
}

/** What the doctor finds in an endpoint with a fault, with or without being told how often the handler ran. */
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

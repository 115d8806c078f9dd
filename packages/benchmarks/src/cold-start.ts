import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { billingEventFixture, createTestIssuer } from '@kinde-billing/testing'
import { median } from './measure.js'

export interface ColdStart {
  readonly oursMs: number
  readonly bareJoseMs: number
  /** The median of the ratios of neighbouring runs. */
  readonly ratio: number
}

/** From the import to the first verified token, in processes that have loaded nothing yet, in turns. */
export async function measureColdStart(rounds: number): Promise<ColdStart> {
  const { issuer, jwks, sign } = await createTestIssuer()
  const token = await sign(billingEventFixture('customer.plan_changed'))
  const input = JSON.stringify({ issuer, jwks, token })
  const ours: number[] = []
  const bareJose: number[] = []
  for (let round = 0; round < rounds; round++) {
    ours.push(runCold(OURS, input))
    bareJose.push(runCold(BARE_JOSE, input))
  }
  return {
    oursMs: median(ours),
    bareJoseMs: median(bareJose),
    ratio: median(ours.map((ms, round) => ms / (bareJose[round] ?? Number.NaN))),
  }
}

const OURS = `
const { createBillingVerifier } = await import('@kinde-billing/core')
await createBillingVerifier({ issuer: input.issuer, jwks: input.jwks }).verifyAndParse(input.token)
`

const BARE_JOSE = `
const { importJWK, jwtVerify } = await import('jose')
await jwtVerify(input.token, await importJWK(input.jwks.keys[0]), { algorithms: ['RS256'] })
`

function runCold(work: string, input: string): number {
  const script = `const input = JSON.parse(process.argv[1])
    const startedAt = performance.now()
    ${work}
    console.log(performance.now() - startedAt)`
  const cwd = join(import.meta.dirname, '..')
  return Number(execFileSync(process.execPath, ['--input-type=module', '-e', script, input], { cwd, encoding: 'utf8' }))
}

import { billingEventFixture } from '@kinde-billing/testing'
import { startTestIssuer } from '@kinde-billing/testing/server'
import { BY_DEFAULT, RUNNERS, type RuntimeName } from './runtimes/runners.js'
import type { SuiteReport } from './runtimes/suite.js'
import { table } from './table.js'

/** `--only node20,workerd` for some, `--all` for Bun and Deno too. */
const NAMES = Object.keys(RUNNERS) as RuntimeName[]

function chosen(args: readonly string[]): readonly string[] {
  if (args.includes('--all')) return NAMES
  if (!args.includes('--only')) return BY_DEFAULT
  const names = args[args.indexOf('--only') + 1]?.split(',') ?? []
  const unknown = names.filter((name) => !NAMES.some((known) => known === name))
  if (names.length === 0 || unknown.length > 0)
    throw new Error(`--only takes a list of ${NAMES.join(', ')}, such as --only node20,workerd.`)
  return names
}

async function reportOf(name: RuntimeName, input: { issuer: string; token: string }): Promise<SuiteReport> {
  try {
    return await RUNNERS[name](input)
  } catch (error) {
    return { passed: 0, failures: [`it did not run: ${error instanceof Error ? error.message : String(error)}`] }
  }
}

const names = chosen(process.argv.slice(2))
const issuer = await startTestIssuer()
const token = await issuer.sign(billingEventFixture('customer.plan_changed'))
const rows: string[][] = []
for (const name of NAMES) {
  if (!names.includes(name)) {
    rows.push([name, '', '', 'not asked for: --all'])
    continue
  }
  const startedAt = performance.now()
  const { passed, failures } = await reportOf(name, { issuer: issuer.issuer, token })
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  rows.push([name, String(passed), seconds, failures.length === 0 ? 'ok' : `${failures.length} FAILED`])
  for (const failure of failures) console.error(`${name}: ${failure}`)
  if (failures.length > 0) process.exitCode = 1
}
await issuer.close()
console.log('The built packages, in every runtime they are meant for:\n')
console.log(table(['runtime', 'checks passed', 'seconds', ''], rows))

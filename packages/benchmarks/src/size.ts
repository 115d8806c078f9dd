import { bundleForWeb } from './bundle.js'
import { measureColdStart } from './cold-start.js'
import { writeResults } from './document.js'
import { figure, table } from './table.js'

/** A promise about size. */
interface Limit {
  readonly name: string
  readonly unit: 'bytes' | 'modules' | '×'
  readonly target: number
  /** Upper limit if the target is missed: more than this fails the command. `packages/benchmarks/README.md` says why. */
  readonly ceiling?: number
  readonly measured: number
}

const CORE_AND_RECEIVER = ["export * from '@kinde-billing/core'", "export * from '@kinde-billing/core/receiver'"]

/** Modules that each adapter leaves to its runtime. */
const ADAPTERS = { node: ['node:*'], fastify: ['node:*'], hono: [], next: [] }

const COLD_STARTS = 31

async function sizeLimits(): Promise<Limit[]> {
  const named = (name: string) => bundleForWeb(`export { ${name} } from '@kinde-billing/core'`)
  const both = await bundleForWeb(CORE_AND_RECEIVER.join('\n'))
  const limits: Limit[] = [
    bytes('verifyAndParse alone', 12_000, (await named('verifyAndParse')).gzipBytes, 15_620),
    bytes('core and receiver together', 15_000, both.gzipBytes, 21_540),
    bytes('BILLING_EVENT_TYPES alone', 299, (await named('BILLING_EVENT_TYPES')).gzipBytes),
    { name: 'what both need of the runtime', unit: 'modules', target: 0, measured: both.imports.length },
  ]
  for (const [adapter, external] of Object.entries(ADAPTERS)) {
    const exports = [...CORE_AND_RECEIVER, `export * from '@kinde-billing/${adapter}'`]
    const { gzipBytes } = await bundleForWeb(exports.join('\n'), external)
    limits.push(bytes(`the ${adapter} adapter beside them`, 1000, gzipBytes - both.gzipBytes))
  }
  return limits
}

async function coldStartLimit(): Promise<Limit> {
  const { oursMs, bareJoseMs, ratio } = await measureColdStart(COLD_STARTS)
  const name = `import to first event, ${figure(oursMs, 1)} ms, beside bare jose's ${figure(bareJoseMs, 1)} ms`
  return { name, unit: '×', target: 1.25, measured: ratio }
}

function bytes(name: string, target: number, measured: number, ceiling = target): Limit {
  return { name, unit: 'bytes', target, ceiling, measured }
}

const limits = [...(await sizeLimits()), await coldStartLimit()]
const rows = limits.map((one) => {
  const digits = one.unit === '×' ? 2 : 0
  return [one.name, figure(one.measured, digits), figure(one.target, digits), one.unit, verdict(one)]
})
const results = table(['', 'measured', 'target', 'unit', ''], rows)
console.log(`Bundled by esbuild and minified for the web, dependencies included, after gzip -9:\n\n${results}`)
if (process.argv.includes('--write')) writeResults('size', results)
if (limits.some((one) => verdict(one) === 'TOO MUCH')) process.exitCode = 1

function verdict({ measured, target, ceiling = target }: Limit): string {
  if (measured <= target) return 'ok'
  return measured <= ceiling ? 'over target' : 'TOO MUCH'
}

import { cpus } from 'node:os'
import { measureAdapters } from './adapters.js'
import { comparisonTable } from './comparison.js'
import { writeResults } from './document.js'
import { measureInboxes } from './inboxes.js'
import { measure, spreadPercent } from './measure.js'
import { measureRefusals } from './refusals.js'
import { measureState } from './state.js'
import { figure, table } from './table.js'
import {
  adapterTargets,
  inFlightTargets,
  refusalTargets,
  sequentialTargets,
  type Target,
  targetTable,
} from './targets.js'
import { verificationContestants } from './verification.js'

const PARTS = ['verification', 'adapters', 'inboxes', 'state', 'refusals'] as const
type Part = (typeof PARTS)[number]

/** `--quick` for a first look; `--only verification,refusals` for some of it; `--write` for `packages/benchmarks/README.md`. */
const argument = (name: string): string | undefined => process.argv[process.argv.indexOf(name, 2) + 1]
const isQuick = process.argv.includes('--quick')
const only = process.argv.includes('--only') ? (argument('--only') ?? '').split(',') : PARTS
const course = isQuick ? { rounds: 5, sliceMs: 50 } : { rounds: 25, sliceMs: 100 }
/** Promises about verification are about a few per cent, and single rounds differ by more. */
const longCourse = { ...course, rounds: course.rounds * 3 }
const method = `${course.rounds} interleaved rounds of ${course.sliceMs} ms each (${longCourse.rounds} of verification), medians of the rounds`
const targets: Target[] = []
const report: string[] = []

const parts: Record<Part, () => Promise<void>> = {
  async verification() {
    const { contestants, close } = await verificationContestants()
    const sequential = await measure(contestants, { ...longCourse, inFlight: 1 })
    const inFlight = await measure(contestants, { ...longCourse, inFlight: 64 })
    await close()
    print('Verification, one token after another', comparisonTable(sequential))
    print('Verification, 64 tokens in flight', comparisonTable(inFlight))
    targets.push(...sequentialTargets(sequential), ...inFlightTargets(inFlight))
  },
  async adapters() {
    const costs = await measureAdapters({ ...course, inFlight: 1 })
    print(
      'Adapters, beside a route by hand that calls the verifier and nothing else',
      table(
        ['framework', 'added µs', 'adapter µs', '± %', 'by hand µs', '± %'],
        costs.map((cost) => [
          cost.framework,
          figure(cost.addedUs),
          figure(cost.adapter.medianUs),
          figure(spreadPercent(cost.adapter), 0),
          figure(cost.byHand.medianUs),
          figure(spreadPercent(cost.byHand), 0),
        ]),
      ),
    )
    targets.push(...adapterTargets(costs))
  },
  async inboxes() {
    const speeds = await measureInboxes(course)
    print(
      'Inboxes, new deliveries',
      table(
        ['inbox', 'marks', 'in flight', 'once per second', '± %'],
        speeds.map((one) => [
          one.inbox,
          figure(one.marks, 0),
          String(one.inFlight),
          figure(one.oncePerSecond, 0),
          figure(one.spreadPercent, 0),
        ]),
      ),
    )
  },
  async state() {
    const speeds = await measureState({ ...course, inFlight: 1 })
    print(
      'State of one customer, by how many events it knows',
      table(
        ['work', 'per second', '± %', 'state, bytes'],
        speeds.map((one) => [one.work, figure(one.perSecond, 0), figure(one.spreadPercent, 0), figure(one.bytes, 0)]),
      ),
    )
  },
  async refusals() {
    const refusals = await measureRefusals()
    print(
      'Refusal of oversized and malformed input',
      table(
        ['input', 'characters', 'code', 'median ms', 'worst ms'],
        refusals.map((one) => [
          one.input,
          figure(one.chars, 0),
          one.code,
          figure(one.medianMs, 3),
          figure(one.worstMs, 3),
        ]),
      ),
    )
    targets.push(...refusalTargets(refusals))
  },
}

function print(title: string, text: string): void {
  report.push(`### ${title}\n\n${text}`)
  console.log(`\n${title}\n\n${text}`)
}

const [cpu] = cpus()
const command = ['pnpm bench', ...process.argv.slice(2).filter((one) => one !== '--write')].join(' ')
const machine = `${cpu?.model.trim()}, ${cpus().length} cores, Node ${process.versions.node}`
console.log(`${machine}, ${new Date().toISOString()}`)
console.log(method)
for (const part of PARTS) if (only.includes(part)) await parts[part]()
if (targets.length > 0) print('Targets', targetTable(targets))
if (process.argv.includes('--write')) {
  const [date] = new Date().toISOString().split('T')
  const [last, ...before] = report.reverse()
  const measured = `\`${command}\` on ${machine}, on ${date}: ${method}.`
  writeResults('bench', [measured, last, ...before.reverse()].join('\n\n'))
}

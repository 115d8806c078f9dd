import { type ManagementClient, type SyncReport, syncAll, syncCustomer } from '@kinde-billing/management'
import { createPostgresStateStore, type PostgresStateStore } from '@kinde-billing/postgres'
import { readPolicy } from '../database/policy.js'
import { withPool } from '../database/pool.js'
import { EXIT, type ExitCode } from '../exit-codes.js'
import { withKinde } from '../kinde/client.js'
import { confirm } from '../kinde/confirm.js'
import { printable } from '../output/event-lines.js'
import type { Terminal } from '../terminal.js'
import { UsageError } from '../usage-error.js'
import { openProgress } from './progress-file.js'
import { describeCustomer, describeReport } from './report.js'

/** The options of `kinde-billing sync`. */
export interface SyncCommandOptions {
  readonly dryRun?: boolean | undefined
  readonly check?: boolean | undefined
  readonly yes?: boolean | undefined
  readonly progress?: string | undefined
  readonly table?: string | undefined
  /** The file of the access policy. */
  readonly policy?: string | undefined
  readonly json?: boolean | undefined
}

/** The parts of a run. */
interface SyncRun {
  readonly client: ManagementClient
  readonly store: PostgresStateStore
  readonly options: SyncCommandOptions
  readonly terminal: Terminal
}

/**
 * Compares or syncs one customer or all.
 *
 * @throws UsageError
 */
export async function syncCommand(
  customer: string | undefined,
  options: SyncCommandOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  assertOneMode(options)
  const identity = customer === undefined ? undefined : parseCustomer(customer)
  if (identity !== undefined && options.progress !== undefined)
    throw new UsageError('--progress is for all customers. Leave it out with one.')
  const policy = await readPolicy(options.policy, terminal.cwd)
  return withKinde(terminal, options, (client) =>
    withPool(terminal, options, (pool) => {
      const store = createPostgresStateStore({ pool, policy, table: options.table })
      const run: SyncRun = { client, store, options, terminal }
      return identity === undefined ? runAll(run) : runOne(run, identity)
    }),
  )
}

function assertOneMode({ dryRun, check, yes }: SyncCommandOptions): void {
  if ([dryRun, check, yes].filter((flag) => flag === true).length > 1)
    throw new UsageError('--dry-run, --check and --yes exclude each other. Pass one of them.')
}

type Identity = { readonly customerId: string } | { readonly userId: string } | { readonly orgCode: string }

function parseCustomer(text: string): Identity {
  if (text.startsWith('customer_')) return { customerId: text }
  if (text.startsWith('org_')) return { orgCode: text }
  if (/^kp[:_]/.test(text)) return { userId: text }
  throw new UsageError(`${printable(text)} is not a customer: pass an id that starts with customer_, kp_ or org_.`)
}

/** Without a flag, a dry run comes first, and then a question. */
async function runOne({ client, store, options, terminal }: SyncRun, identity: Identity): Promise<ExitCode> {
  const isPreview = options.yes !== true
  const synced = await syncCustomer({ client, store, dryRun: isPreview, ...identity })
  const write = (result: typeof synced): void =>
    terminal.out(options.json ? `${JSON.stringify(result ?? null, null, 2)}\n` : describeCustomer(result, terminal))
  const drifted = synced !== undefined && synced.changes.length > 0
  const mustAsk = isPreview && options.dryRun !== true && options.check !== true && drifted
  if (!mustAsk) {
    write(synced)
    return options.check === true && drifted ? EXIT.finding : EXIT.ok
  }
  terminal.err(describeCustomer(synced, terminal))
  if (!(await confirm('Save this state', options, terminal))) return EXIT.finding
  write(await syncCustomer({ client, store, ...identity }))
  return EXIT.ok
}

async function runAll(run: SyncRun): Promise<ExitCode> {
  const { options, terminal } = run
  const isPreview = options.yes !== true
  const report = await walk(run, isPreview)
  const mustAsk =
    isPreview && options.dryRun !== true && options.check !== true && report.complete && report.drifted > 0
  if (!mustAsk) return finish(run, report)
  terminal.err(describeReport(report, terminal))
  const { drifted } = report
  const question = drifted === 1 ? 'Change the state of this customer' : `Change the states of ${drifted} customers`
  if (!(await confirm(question, options, terminal))) return EXIT.finding
  return finish(run, await walk(run, false))
}

async function walk({ client, store, options, terminal }: SyncRun, dryRun: boolean): Promise<SyncReport> {
  const progress = await openProgress(options.progress, dryRun, terminal)
  try {
    const report = await syncAll({
      client,
      store,
      dryRun,
      signal: terminal.signal,
      onProgress: (next) => progress.update(next),
      resumeFrom: progress.resumeFrom,
    })
    await progress.end(report)
    return report
  } catch (error) {
    await progress.end()
    throw error
  }
}

function finish({ options, terminal }: SyncRun, report: SyncReport): ExitCode {
  terminal.out(options.json ? `${JSON.stringify(report, null, 2)}\n` : describeReport(report, terminal))
  const differs = options.check === true && report.drifted > 0
  return differs || report.failed > 0 || !report.complete ? EXIT.finding : EXIT.ok
}

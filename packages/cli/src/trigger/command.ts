import { docsUrl } from '@kinde-billing/core/internal'
import { Option } from 'commander'
import { type AddCommand, addHelp } from '../command.js'
import { startDeadline } from '../deadline.js'
import { resolveTarget, type TargetOptions } from '../endpoint/target.js'
import { EXIT, type ExitCode } from '../exit-codes.js'
import { createDevelopmentKey, type DevelopmentKey } from '../issuer/development-key.js'
import { type IssuerOptions, issuerNote, openIssuer } from '../issuer/open-issuer.js'
import {
  allowRemoteOption,
  dataOption,
  dialectOption,
  issuerPortOption,
  jsonOption,
  keyFileOption,
  time,
  wholeNumber,
} from '../options.js'
import { createProgress, type Progress } from '../output/progress.js'
import type { Terminal } from '../terminal.js'
import { UsageError } from '../usage-error.js'
import { findHints, isAllIgnored } from './hints.js'
import { parseOrder, type SelectionOptions, selectEvents } from './options.js'
import { type DeliveryOrder, planDeliveries } from './plan.js'
import { describeDeliveries, describeTrigger, summarizeTrigger } from './report.js'
import { runTrigger, type TriggeredDelivery } from './run.js'
import { SCENARIO_NAMES } from './scenarios.js'

/** Options of `kinde-billing trigger`. */
export interface TriggerCommandOptions extends IssuerOptions, TargetOptions, SelectionOptions {
  readonly to: string
  readonly duplicates?: number | undefined
  readonly order?: DeliveryOrder | undefined
  readonly shuffle?: boolean | undefined
  readonly forge?: boolean | undefined
  readonly retries?: boolean | undefined
  /** How many times faster than Kinde to retry. */
  readonly speed?: number | undefined
  readonly concurrency?: number | undefined
  /** Time limit of one answer, in seconds. */
  readonly timeout?: number | undefined
  readonly json?: boolean | undefined
}

/** Largest number of deliveries in one run. */
export const MAX_DELIVERIES = 10_000
/** Time limit of one run, in milliseconds. */
export const MAX_RUN_MS = 600_000

/** `kinde-billing trigger [type | all] --to <url>` */
export const addTrigger: AddCommand = (program, { terminal, exit }) => {
  const command = program
    .command('trigger')
    .argument('[type]', 'a billing event type, such as customer.plan_changed, or all')
    .requiredOption('--to <url>', 'the endpoint')
    .addOption(
      new Option('--scenario <name>', 'the events of a scenario instead of a type').choices([...SCENARIO_NAMES]),
    )
    .option('--claims <file>', 'saved claims instead of a type; event_id and timestamps are renewed')
    .option('--customer <id>', "the events' customer: customer_…, org_… or kp_…")
    .option('--plan <code>', "the events' plan")
    .addOption(new Option('--at <time>', 'time of the first event (default: now)').argParser(time))
    .addOption(
      new Option('--count <n>', 'rounds, each with another customer').argParser(wholeNumber(1, 10_000)).default(1),
    )
    .addOption(
      new Option('--duplicates <n>', 'further deliveries of each event').argParser(wholeNumber(0, 1000)).default(0),
    )
    .addOption(
      new Option('--order <order>', 'forward, reverse, random, or positions such as 3,1,2')
        .argParser(parseOrder)
        .default('forward'),
    )
    .option('--shuffle', 'the same as --order random')
    .option('--forge', 'sign with a key that the issuer does not have; every delivery should be refused')
    .addOption(dialectOption())
    .addOption(dataOption())
    .option('--retries', "retry everything but 200, on Kinde's schedule, sped up")
    .addOption(
      new Option('--speed <n>', 'how many times faster than Kinde to retry; 3600 plays 36 h in 36 s')
        .argParser(wholeNumber(216, 1_000_000_000))
        .default(3600),
    )
    .addOption(new Option('--concurrency <n>', 'requests at once').argParser(wholeNumber(1, 100)).default(1))
    .addOption(new Option('--timeout <s>', 'seconds to wait for an answer').argParser(wholeNumber(1, 300)).default(30))
    .addOption(issuerPortOption())
    .addOption(keyFileOption())
    .addOption(allowRemoteOption())
    .addOption(jsonOption())
    .action(async (type: string | undefined, options) => exit(await triggerCommand(type, options, terminal)))
  addHelp(command, {
    summary: 'Deliver signed test events to an endpoint, as Kinde does.',
    details: `The events are signed by a local development issuer, which this command serves while it runs. Its key stays the same from run to run. Start your application with KINDE_ISSUER_URL=http://127.0.0.1:<issuer port>, and it trusts the events.`,
    examples: [
      'trigger customer.plan_changed --to http://localhost:3000/webhooks/kinde',
      'trigger --scenario upgrade --customer org_acme --to http://localhost:3000/webhooks/kinde',
      'trigger all --to http://localhost:3000/webhooks/kinde --duplicates 2 --order random',
      'trigger customer.payment_failed --to http://localhost:3000/webhooks/kinde --retries --speed 36000',
      'trigger --claims kinde-fixtures/customer.plan_changed-0001.json --to http://localhost:3000/webhooks/kinde',
    ],
    notes: `Limits: ${MAX_DELIVERIES} deliveries, ${MAX_RUN_MS / 60_000} minutes; loopback and private networks without --allow-remote.`,
    exitCodes: {
      ok: 'every delivery ended with 200 and one was handled; with --forge, every delivery was refused',
      finding: 'otherwise',
    },
  })
}

/**
 * Delivers signed test events to an endpoint and prints its answers.
 *
 * @throws UsageError
 */
export async function triggerCommand(
  type: string | undefined,
  options: TriggerCommandOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  // first of all, so that Ctrl-C always gives a report
  const { signal: interrupted } = terminal
  const { duplicates = 0, forge: isForged = false, speed = 3600 } = options
  const rounds = await selectEvents(type, options, terminal.cwd)
  const total = rounds.flat().length * (duplicates + 1)
  if (total > MAX_DELIVERIES)
    throw new UsageError(
      `That is ${total} deliveries, but one run makes at most ${MAX_DELIVERIES}. Lower --count or --duplicates.`,
    )
  const target = await resolveTarget(options.to, options)
  const { key, issuer } = await openIssuer(options, terminal)
  const progress = createProgress(terminal)
  const deadline = startDeadline(MAX_RUN_MS, interrupted)
  try {
    if (options.json !== true) terminal.err(`${issuerNote(issuer.url, terminal.columns)}\n\n`)
    const order = options.shuffle === true ? 'random' : (options.order ?? 'forward')
    const deliveries = await runTrigger({
      target,
      deliveries: planDeliveries(rounds, { duplicates, order }, isForged ? createForger(key) : key),
      isForged,
      retrySpeed: options.retries === true ? speed : undefined,
      concurrency: options.concurrency ?? 1,
      timeoutMs: (options.timeout ?? 30) * 1000,
      signal: deadline.signal,
      onAttempt: countOn(progress, total),
    })
    progress.clear()
    const context = { to: target.url, issuerUrl: issuer.url, hasAskedForKeys: issuer.requests > 0 }
    const hints = toHints(deliveries, isForged, findHints(deliveries, context))
    return report(
      { deliveries, isForged, hints, stopped: deadline.reason, issuer: issuer.url },
      options.json === true,
      terminal,
    )
  } finally {
    deadline.clear()
    await issuer.close()
  }
}

/** Signs with a new key under the id of the issuer's. */
function createForger({ publicKey: { kid } }: DevelopmentKey): Pick<DevelopmentKey, 'sign'> {
  const forger = createDevelopmentKey()
  return { sign: (claims) => forger.sign(claims, { kid }) }
}

function countOn(progress: Progress, total: number): (delivery: TriggeredDelivery) => void {
  let [over, failed] = [0, 0]
  return ({ isOver, ok }) => {
    if (isOver) over += 1
    if (isOver && !ok) failed += 1
    progress.update(over, total, failed > 0 ? `deliveries, ${failed} failed` : 'deliveries')
  }
}

const ALL_IGNORED = `The receiver answered "ignored" to every event: it has no handler for these types, and the events are lost. Pass handlers as \`on\` or \`onEvent\`. ${docsUrl('ignored')}`
const FORGERY_ACCEPTED =
  'A forged delivery was not refused, so anybody can sign. Run kinde-billing doctor against this endpoint.'

function toHints(deliveries: readonly TriggeredDelivery[], isForged: boolean, hints: readonly string[]): string[] {
  if (!isForged) return isAllIgnored(deliveries) ? [ALL_IGNORED, ...hints] : [...hints]
  return deliveries.every(({ ok }) => ok) ? [] : [FORGERY_ACCEPTED]
}

interface TriggerResult {
  readonly deliveries: readonly TriggeredDelivery[]
  readonly isForged: boolean
  readonly hints: readonly string[]
  readonly stopped: 'interrupted' | 'time_limit' | undefined
  readonly issuer: string
}

function report(result: TriggerResult, isJson: boolean, terminal: Terminal): ExitCode {
  const { isForged, hints, stopped, issuer } = result
  // a delivery that was never tried says nothing
  const deliveries = result.deliveries.map(({ isOver: _isOver, ...rest }) => rest)
  const summary = summarizeTrigger(result.deliveries)
  const ok = summary.ok === summary.deliveries && (isForged || !isAllIgnored(result.deliveries))
  if (isJson) {
    const document = { ok, issuer, stopped: stopped ?? null, summary, hints, deliveries }
    terminal.out(`${JSON.stringify(document, null, 2)}\n`)
  } else {
    const note = stopped === undefined ? '' : terminal.colors.yellow(`${STOPPED[stopped]} This report is partial.\n`)
    terminal.out(
      `${describeDeliveries(result.deliveries, isForged, terminal)}${note}${describeTrigger(summary, isForged, hints, terminal)}`,
    )
  }
  return ok ? EXIT.ok : EXIT.finding
}

const STOPPED = {
  interrupted: 'Interrupted.',
  time_limit: `Stopped at the limit of ${MAX_RUN_MS / 60_000} minutes.`,
} as const

import { BILLING_EVENT_TYPES, type BillingEventType, isBillingEventType } from '@kinde-billing/core'
import { Option } from 'commander'
import { type AddCommand, addHelp } from '../command.js'
import { resolveTarget, type TargetOptions } from '../endpoint/target.js'
import { EXIT, type ExitCode } from '../exit-codes.js'
import { createDevelopmentKey } from '../issuer/development-key.js'
import { type IssuerOptions, openIssuer } from '../issuer/open-issuer.js'
import { readJsonObject } from '../json-file.js'
import {
  allowRemoteOption,
  dataOption,
  dialectOption,
  issuerPortOption,
  jsonOption,
  keyFileOption,
  wholeNumber,
} from '../options.js'
import { createProgress, type Progress } from '../output/progress.js'
import type { Terminal } from '../terminal.js'
import { UsageError } from '../usage-error.js'
import { planDeliveries } from './plan.js'
import { describeDeliveries, describeTrigger, summarizeTrigger } from './report.js'
import { runTrigger, type TriggeredDelivery } from './run.js'

/** The options of `kinde-billing trigger`. */
export interface TriggerCommandOptions extends IssuerOptions, TargetOptions {
  readonly to: string
  readonly count?: number | undefined
  readonly duplicates?: number | undefined
  readonly shuffle?: boolean | undefined
  readonly forge?: boolean | undefined
  readonly dialect?: 'flat' | 'nested' | undefined
  /** A file with members to lay over each event's `data`. */
  readonly data?: string | undefined
  readonly retries?: boolean | undefined
  /** How many times faster than Kinde. */
  readonly speed?: number | undefined
  readonly concurrency?: number | undefined
  /** For one answer, in seconds. */
  readonly timeout?: number | undefined
  readonly json?: boolean | undefined
}

/** At most this many deliveries in one run. */
export const MAX_DELIVERIES = 10_000
/** At most this long, in milliseconds: then what is not answered was not delivered. */
export const MAX_RUN_MS = 600_000

/** `kinde-billing trigger <type | all> --to <url>` */
export const addTrigger: AddCommand = (program, { terminal, exit }) => {
  const command = program
    .command('trigger')
    .argument('<type>', 'a billing event type, such as customer.plan_changed, or all')
    .requiredOption('--to <url>', 'the endpoint')
    .addOption(new Option('--count <n>', 'events of each type').argParser(wholeNumber(1, 10_000)).default(1))
    .addOption(
      new Option('--duplicates <n>', 'further deliveries of each event').argParser(wholeNumber(0, 1000)).default(0),
    )
    .option('--shuffle', 'deliver in random order')
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
    .action(async (type: string, options) => exit(await triggerCommand(type, options, terminal)))
  addHelp(command, {
    summary: 'Deliver signed test events to an endpoint, as Kinde does.',
    details: `The events are signed by a local development issuer, which this command serves while it runs. Its key stays the same from run to run. Start your application with KINDE_ISSUER_URL=http://127.0.0.1:<issuer port>, and it trusts the events.`,
    examples: [
      'trigger customer.plan_changed --to http://localhost:3000/webhooks/kinde',
      'trigger all --to http://localhost:3000/webhooks/kinde --duplicates 2 --shuffle',
      'trigger customer.payment_failed --to http://localhost:3000/webhooks/kinde --retries --speed 36000',
      'trigger all --to http://localhost:3000/webhooks/kinde --forge',
    ],
    notes: `Limits: ${MAX_DELIVERIES} deliveries, ${MAX_RUN_MS / 60_000} minutes; loopback and private networks without --allow-remote.`,
    exitCodes: { ok: 'every delivery ended with 200; with --forge, every delivery was refused', finding: 'otherwise' },
  })
}

/**
 * Delivers signed test events to an endpoint and prints what it answered.
 *
 * @throws UsageError
 */
export async function triggerCommand(
  type: string,
  options: TriggerCommandOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const types = typesOf(type)
  const { count = 1, duplicates = 0, forge: isForged = false, dialect = 'flat', retries, speed = 3600 } = options
  const total = types.length * count * (duplicates + 1)
  if (total > MAX_DELIVERIES)
    throw new UsageError(
      `That is ${total} deliveries; one run makes at most ${MAX_DELIVERIES}: lower --count or --duplicates.`,
    )
  const data = options.data === undefined ? {} : await readJsonObject(options.data, terminal.cwd)
  const target = await resolveTarget(options.to, options)
  const { key, issuer } = await openIssuer(options, terminal)
  const progress = createProgress(terminal)
  try {
    if (options.json !== true) terminal.err(`${pointer(issuer.url)}\n\n`)
    const { kid } = key.publicKey
    const forger = isForged ? createDevelopmentKey() : undefined
    const signer = forger === undefined ? key : { sign: (claims: object) => forger.sign(claims, { kid }) }
    const plan = { types, count, duplicates, isShuffled: options.shuffle === true, dialect, data }
    const deliveries = await runTrigger({
      target,
      deliveries: planDeliveries(plan, signer),
      isForged,
      retrySpeed: retries === true ? speed : undefined,
      concurrency: options.concurrency ?? 1,
      timeoutMs: (options.timeout ?? 30) * 1000,
      signal: AbortSignal.any([terminal.signal, AbortSignal.timeout(MAX_RUN_MS)]),
      onAttempt: countOn(progress, total),
    })
    progress.clear()
    return report(deliveries, isForged, issuer.url, options.json === true, terminal)
  } finally {
    await issuer.close()
  }
}

/** What an application must be told to trust the development issuer. */
export function pointer(issuerUrl: string): string {
  return `Signed by the development issuer at ${issuerUrl}: the application trusts it when it is started with\n  KINDE_ISSUER_URL=${issuerUrl}`
}

function typesOf(type: string): readonly BillingEventType[] {
  if (type === 'all') return BILLING_EVENT_TYPES
  if (isBillingEventType(type)) return [type]
  throw new UsageError(
    `${JSON.stringify(type)} is no event type: pass all, or one of ${BILLING_EVENT_TYPES.join(', ')}.`,
  )
}

function countOn(progress: Progress, total: number): (delivery: TriggeredDelivery) => void {
  let [over, wrong] = [0, 0]
  return ({ isOver, ok }) => {
    if (isOver) over += 1
    if (isOver && !ok) wrong += 1
    progress.update(over, total, wrong > 0 ? `deliveries, ${wrong} not as they should be` : 'deliveries')
  }
}

function report(
  deliveries: readonly TriggeredDelivery[],
  isForged: boolean,
  issuer: string,
  isJson: boolean,
  terminal: Terminal,
): ExitCode {
  const summary = summarizeTrigger(deliveries)
  const ok = summary.ok === summary.deliveries
  terminal.out(
    isJson
      ? `${JSON.stringify({ ok, issuer, summary, deliveries: deliveries.map(({ isOver: _isOver, ...rest }) => rest) }, null, 2)}\n`
      : `${describeDeliveries(deliveries, isForged, terminal)}${describeTrigger(summary, isForged, issuer, terminal)}`,
  )
  return ok ? EXIT.ok : EXIT.finding
}

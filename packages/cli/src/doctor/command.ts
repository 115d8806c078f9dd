import type { Dialect } from '@kinde-billing/testing'
import { type AddCommand, addHelp } from '../command.js'
import { startDeadline } from '../deadline.js'
import { resolveTarget, type Target, type TargetOptions } from '../endpoint/target.js'
import { EXIT, type ExitCode } from '../exit-codes.js'
import { type IssuerOptions, issuerNote, openIssuer } from '../issuer/open-issuer.js'
import { readJsonObject } from '../json-file.js'
import {
  allowRemoteOption,
  dataOption,
  dialectOption,
  issuerPortOption,
  jsonOption,
  keyFileOption,
} from '../options.js'
import { createProgress } from '../output/progress.js'
import type { Terminal } from '../terminal.js'
import { UsageError } from '../usage-error.js'
import { runDoctor } from './doctor.js'
import { describeDoctor } from './report.js'
import { fetchRuns } from './run-count.js'
import { MAX_REQUESTS } from './session.js'
import type { DoctorTimes } from './times.js'

/** Options of `kinde-billing doctor`. */
export interface DoctorCommandOptions extends IssuerOptions, TargetOptions {
  readonly to: string
  /** URL of the application that counts runs of its handler. */
  readonly ranUrl?: string | undefined
  /** A file with members that replace those of each event's `data`. */
  readonly data?: string | undefined
  readonly dialect?: Dialect | undefined
  readonly times?: Partial<DoctorTimes> | undefined
  readonly json?: boolean | undefined
}

/** Time limit of one run, in milliseconds. Checks that are not made by then are skipped. */
export const MAX_RUN_MS = 300_000

/** `kinde-billing doctor --to <url>` */
export const addDoctor: AddCommand = (program, { terminal, exit }) => {
  const command = program
    .command('doctor')
    .requiredOption('--to <url>', 'the endpoint')
    .option('--ran-url <url>', 'URL of your application that answers how often its handler ran for ?event_id=…')
    .addOption(dialectOption())
    .addOption(dataOption())
    .addOption(issuerPortOption())
    .addOption(keyFileOption())
    .addOption(allowRemoteOption())
    .addOption(jsonOption())
    .action(async (options) => exit(await doctorCommand(options, terminal)))
  addHelp(command, {
    summary: "Check whether an endpoint under development answers as a receiver of Kinde's webhooks should.",
    details: `It sends genuine, duplicate, forged, substituted, unknown, late, compressed, oversized, slow and concurrent deliveries, wrong methods and media types, and simulates an outage of the key set and a new key. For each fault it prints what was seen, the impact in production and the fix. The endpoint must trust the development issuer: start your application with KINDE_ISSUER_URL=http://127.0.0.1:<issuer port>. Never run it against production: your handlers get test events.`,
    examples: [
      'doctor --to http://localhost:3000/webhooks/kinde',
      'doctor --to http://localhost:3000/webhooks/kinde --ran-url http://localhost:3000/handled',
      'doctor --to http://localhost:3000/webhooks/kinde --json',
    ],
    notes: `Some faults only show while a handler is running or failing. A handler that obeys data.doctor
({"delayMs": 400}, {"fail": true}) shows them; docs/doctor.md has the code.

Limits: ${MAX_REQUESTS} requests, ${MAX_RUN_MS / 60_000} minutes, 32 MiB in one body; loopback and private networks without
--allow-remote.`,
    exitCodes: { ok: 'every check ran and none found a fault', finding: 'otherwise' },
  })
}

/**
 * Checks an endpoint and prints the findings.
 *
 * @throws UsageError
 */
export async function doctorCommand(options: DoctorCommandOptions, terminal: Terminal): Promise<ExitCode> {
  // first of all, so that Ctrl-C always gives a report
  const { signal: interrupted } = terminal
  const isJson = options.json === true
  const data = options.data === undefined ? {} : await readJsonObject(options.data, terminal.cwd)
  const target = await resolveTarget(options.to, options)
  const ranTarget = options.ranUrl === undefined ? undefined : await resolveTarget(options.ranUrl, options)
  const { key, issuer } = await openIssuer(options, terminal)
  const progress = createProgress(terminal)
  const deadline = startDeadline(MAX_RUN_MS, interrupted)
  const { signal } = deadline
  try {
    if (!isJson) terminal.err(`${issuerNote(issuer.url, terminal.columns)}\n\n`)
    if (ranTarget !== undefined) await assertRunCount(ranTarget, signal)
    const { dialect, times } = options
    const onCheck = (title: string, done: number, total: number): void => progress.update(done, total, title)
    const report = await runDoctor({ target, ranTarget, issuer, key, data, dialect, times, signal, onCheck })
    progress.clear()
    const { ok, isComplete: complete, findings, checks } = report
    const stopped = deadline.reason ?? (complete ? null : 'request_limit')
    const document = { ok, complete, stopped, to: target.url.href, issuer: issuer.url, findings, checks }
    terminal.out(isJson ? `${JSON.stringify(document, null, 2)}\n` : describeDoctor(report, terminal))
    return ok ? EXIT.ok : EXIT.finding
  } finally {
    deadline.clear()
    progress.clear()
    await issuer.close()
  }
}

/** An address that counts nothing would look like a handler that never runs. */
async function assertRunCount(ranTarget: Target, signal: AbortSignal): Promise<void> {
  const runs = await fetchRuns(ranTarget, 'event_doctor', 10_000, signal).catch(() => 0)
  if (runs === undefined)
    throw new UsageError(
      `--ran-url ${ranTarget.url.href} does not answer with a number. It must answer 200 with the number of runs for ?event_id=…, as text or as {"runs": 1}; 0 for an unknown id.`,
    )
}

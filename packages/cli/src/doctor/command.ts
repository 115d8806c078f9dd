import { type AddCommand, addHelp } from '../command.js'
import { resolveTarget, type TargetOptions } from '../endpoint/target.js'
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
import { runDoctor } from './doctor.js'
import { type DoctorTimes, MAX_REQUESTS } from './examination.js'
import { describeDoctor } from './report.js'

/** The options of `kinde-billing doctor`. */
export interface DoctorCommandOptions extends IssuerOptions, TargetOptions {
  readonly to: string
  /** Where the application tells how often its handler ran. */
  readonly ranUrl?: string | undefined
  /** A file with members to lay over each event's `data`. */
  readonly data?: string | undefined
  readonly dialect?: 'flat' | 'nested' | undefined
  readonly times?: Partial<DoctorTimes> | undefined
  readonly json?: boolean | undefined
}

/** At most this long, in milliseconds: what is not checked by then is skipped. */
export const MAX_EXAMINATION_MS = 300_000

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
    details: `It sends genuine, duplicate, forged, substituted, unknown, late, compressed, oversized, slow and concurrent deliveries, wrong methods and media types, and an outage of the key set. For each fault it prints what was seen, the impact in production and the fix. The endpoint must trust the development issuer: start your application with KINDE_ISSUER_URL=http://127.0.0.1:<issuer port>. Never run it against production: your handlers get test events.`,
    examples: [
      'doctor --to http://localhost:3000/webhooks/kinde',
      'doctor --to http://localhost:3000/webhooks/kinde --ran-url http://localhost:3000/handled',
      'doctor --to http://localhost:3000/webhooks/kinde --json',
    ],
    notes: `Some faults only show while a handler is running or failing. A handler that obeys data.doctor
({"delayMs": 400}, {"fail": true}) shows them; docs/cli.md has the code.

Limits: ${MAX_REQUESTS} requests, ${MAX_EXAMINATION_MS / 60_000} minutes, 32 MiB in one body; loopback and private networks without
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
  const isJson = options.json === true
  const data = options.data === undefined ? {} : await readJsonObject(options.data, terminal.cwd)
  const target = await resolveTarget(options.to, options)
  const ranTarget = options.ranUrl === undefined ? undefined : await resolveTarget(options.ranUrl, options)
  const { key, issuer } = await openIssuer(options, terminal)
  const progress = createProgress(terminal)
  try {
    if (!isJson) terminal.err(`${issuerNote(issuer.url)}\n\n`)
    const { dialect, times } = options
    const signal = AbortSignal.any([terminal.signal, AbortSignal.timeout(MAX_EXAMINATION_MS)])
    const onCheck = (title: string, done: number, total: number): void => progress.update(done, total, title)
    const report = await runDoctor({ target, ranTarget, issuer, key, data, dialect, times, signal, onCheck })
    progress.clear()
    const { ok, findings, checks } = report
    terminal.out(
      isJson
        ? `${JSON.stringify({ ok, to: target.url.href, issuer: issuer.url, findings, checks }, null, 2)}\n`
        : describeDoctor(report, terminal),
    )
    return ok ? EXIT.ok : EXIT.finding
  } finally {
    progress.clear()
    await issuer.close()
  }
}

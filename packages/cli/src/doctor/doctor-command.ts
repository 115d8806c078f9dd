import { EXIT, type ExitCode } from '../exit-codes.js'
import { type IssuerOptions, openIssuer } from '../open-issuer.js'
import { readJsonObject } from '../options.js'
import { createProgress } from '../progress.js'
import { resolveTarget, type TargetOptions } from '../target.js'
import type { Terminal } from '../terminal.js'
import { pointer } from '../trigger-command.js'
import { runDoctor } from './doctor.js'
import { describeDoctor } from './doctor-report.js'
import type { DoctorTimes } from './examination.js'

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

/**
 * `kinde-billing doctor --to <url>`: checks whether an endpoint answers as a receiver of Kinde's webhooks should.
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
    if (!isJson) terminal.err(`${pointer(issuer.url)}\n\n`)
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

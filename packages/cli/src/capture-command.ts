import { resolve } from 'node:path'
import { isKindeWebhookError } from '@kinde-billing/core'
import { type Capture, type CapturedDelivery, type CaptureOptions, startCapture } from './capture/capture.js'
import { printable } from './event-lines.js'
import { EXIT, type ExitCode } from './exit-codes.js'
import type { Terminal } from './terminal.js'
import { UsageError } from './usage-error.js'

/** The options of `kinde-billing capture`. */
export interface CaptureCommandOptions {
  readonly port: number
  readonly host?: string | undefined
  readonly out: string
  readonly issuer?: string | undefined
  /** End after so many fixtures. */
  readonly limit?: number | undefined
  readonly json?: boolean | undefined
}

/**
 * `kinde-billing capture --port <port>`: stores real deliveries as fixtures without personal data, until Ctrl-C.
 *
 * @throws UsageError
 */
export async function captureCommand(options: CaptureCommandOptions, terminal: Terminal): Promise<ExitCode> {
  const { limit = 1000, json = false, issuer } = options
  const out = resolve(terminal.cwd, options.out)
  let stored = 0
  let isOver = (): void => {}
  const over = new Promise<void>((end) => {
    isOver = end
    if (terminal.signal.aborted) end()
    terminal.signal.addEventListener('abort', () => end(), { once: true })
  })
  const capture = await start({
    ...options,
    out,
    onDelivery(delivery) {
      terminal.out(json ? `${JSON.stringify(delivery)}\n` : describe(delivery, terminal))
      if (delivery.file !== undefined) stored += 1
      if (stored >= limit) isOver()
    },
  })
  terminal.err(greeting(capture.url, out, issuer, terminal))
  await over
  await capture.close()
  terminal.err(`${stored} ${stored === 1 ? 'fixture' : 'fixtures'} in ${out}\n`)
  return EXIT.ok
}

async function start(options: CaptureOptions): Promise<Capture> {
  try {
    return await startCapture(options)
  } catch (error) {
    const isMistake = isKindeWebhookError(error) || (error instanceof Error && 'code' in error)
    throw isMistake ? new UsageError(error.message) : error
  }
}

function greeting(url: string, out: string, issuer: string | undefined, { colors }: Terminal): string {
  const whose =
    issuer === undefined
      ? colors.yellow(
          "Unverified: anybody's token is taken, and the fixtures are named so. Pass --issuer to store Kinde's only.",
        )
      : `Only what ${issuer} has signed is stored.`
  return `Listening at ${url}\nPoint a tunnel at it, and a webhook at the tunnel. Fixtures go to ${out}; Ctrl-C ends.\n${whose}\n\n`
}

function describe(
  { status, outcome, file, isVerified, filled, problem }: CapturedDelivery,
  { colors }: Terminal,
): string {
  if (file === undefined) return `${colors.red(`${status} ${outcome}`)}  ${printable(problem ?? '', 400)}\n`
  const verified = isVerified ? '' : colors.yellow(' unverified')
  return `${colors.green(`${status} ${outcome}`)}${verified}  ${file}\n    holds ${filled.join(', ') || 'no member of a billing event'}\n`
}

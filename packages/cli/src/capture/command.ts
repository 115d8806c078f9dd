import { resolve } from 'node:path'
import { isKindeWebhookError } from '@kinde-billing/core'
import { Option } from 'commander'
import { type AddCommand, addHelp } from '../command.js'
import { EXIT, type ExitCode } from '../exit-codes.js'
import { jsonOption, wholeNumber } from '../options.js'
import { printable } from '../output/event-lines.js'
import type { Terminal } from '../terminal.js'
import { UsageError } from '../usage-error.js'
import { type Capture, type CapturedDelivery, type CaptureOptions, startCapture } from './capture.js'

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

/** `kinde-billing capture` */
export const addCapture: AddCommand = (program, { terminal, exit }) => {
  const command = program
    .command('capture')
    .addOption(new Option('--port <port>', 'port to listen on').argParser(wholeNumber(0, 65_535)).default(4418))
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--out <dir>', 'folder for the fixtures', 'kinde-fixtures')
    .option('--issuer <url>', 'your Kinde domain; only deliveries that it has signed are saved')
    .addOption(
      new Option('--limit <n>', 'stop after this many fixtures').argParser(wholeNumber(1, 10_000)).default(1000),
    )
    .addOption(jsonOption('write one JSON document per delivery'))
    .action(async (options) => exit(await captureCommand(options, terminal)))
  addHelp(command, {
    summary: 'Save real deliveries as fixtures without personal data.',
    details: `Point a tunnel at it, and a webhook of your Kinde test environment at the tunnel. It answers as a receiver does. The shape of a payload, its key names and its types stay; ids, names, addresses and all other texts are replaced, equal texts by equal ones, and dates are shifted.`,
    examples: ['capture --port 4418 --issuer https://acme.kinde.com', 'capture --out test/fixtures --limit 8'],
    notes: `Each file holds claims: pass them to decodeBillingEvent, or sign them with a test issuer.`,
    exitCodes: { ok: 'stopped by --limit or Ctrl-C' },
  })
}

/**
 * Saves real deliveries as fixtures without personal data, until Ctrl-C.
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

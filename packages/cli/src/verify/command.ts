import { Option } from 'commander'
import { type AddCommand, addHelp } from '../command.js'
import { EXIT, type ExitCode } from '../exit-codes.js'
import { requireIssuer } from '../issuer/read-issuer.js'
import { jsonOption, time } from '../options.js'
import type { Terminal } from '../terminal.js'
import { parseCapture } from './parse-capture.js'
import { readCapture } from './read-capture.js'
import { describeVerification, verificationJson } from './report.js'
import { type Verification, type VerifyOptions, verifyCapture } from './verify.js'

/** The options of `kinde-billing verify`. */
export interface VerifyCommandOptions extends Partial<VerifyOptions> {
  /** Print JSON. Default: `false`. */
  readonly json?: boolean | undefined
}

/** `kinde-billing verify <file | ->` */
export const addVerify: AddCommand = (program, { terminal, exit }) => {
  const command = program
    .command('verify')
    .argument('<file>', 'a token, a raw HTTP request, or JSON or logs that contain deliveries; - reads standard input')
    .option('--issuer <url>', 'your Kinde domain, such as https://acme.kinde.com (default: $KINDE_ISSUER_URL)')
    .addOption(new Option('--at <time>', 'verify as of this time, such as 2026-05-01T17:41:45Z').argParser(time))
    .option('--no-window', 'accept any age')
    .addOption(jsonOption())
    .action(async (file: string, { window, ...options }) =>
      exit(await verifyCommand(file, { ...options, hasWindow: window }, terminal)),
    )
  addHelp(command, {
    summary: 'Show the event of a captured delivery, or why it is refused and how to fix it.',
    details: `It checks the delivery as a receiver does, against the key set of your Kinde domain. A capture older than three days is refused as timestamp_out_of_range although it is authentic; --at or --no-window shows it.`,
    examples: [
      'verify token.txt --issuer https://acme.kinde.com',
      'verify request.http --issuer https://acme.kinde.com --at 2026-05-01T17:41:45Z',
      'verify - --no-window --json < token.txt',
    ],
    exitCodes: {
      ok: 'authentic: a billing event, or an event of another type',
      finding: 'at least one delivery is refused',
    },
  })
}

/**
 * Verifies a captured delivery and prints the result.
 *
 * @throws UsageError if the file cannot be read, or the issuer is missing or invalid
 */
export async function verifyCommand(
  source: string,
  options: VerifyCommandOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  // Before the file is read: a wrong issuer is the harder mistake to find.
  const issuer = requireIssuer(options.issuer, terminal)
  const requests = parseCapture(await readCapture(source, terminal))
  const results = await Promise.all(
    requests.map(async (request) => ({ request, verification: await verifyCapture(request, { ...options, issuer }) })),
  )
  if (options.json === true) {
    const documents = results.map(({ request, verification }) => verificationJson(verification, request))
    terminal.out(`${JSON.stringify(documents.length === 1 ? documents[0] : documents, null, 2)}\n`)
  } else terminal.out(describeAll(results, terminal))
  return results.every(({ verification }) => verification.ok) ? EXIT.ok : EXIT.finding
}

function describeAll(results: readonly { readonly verification: Verification }[], terminal: Terminal): string {
  return results
    .map(({ verification }, index) => {
      const title = results.length === 1 ? '' : terminal.colors.bold(`Delivery ${index + 1} of ${results.length}\n`)
      return title + describeVerification(verification, terminal)
    })
    .join('\n')
}

import { createBillingVerifier, isKindeWebhookError } from '@kinde-billing/core'
import { parseCapture, readCapture } from './captured-request.js'
import { EXIT, type ExitCode } from './exit-codes.js'
import type { Terminal } from './terminal.js'
import { UsageError } from './usage-error.js'
import { type VerifyOptions, verifyCapture } from './verify.js'
import { describeVerification, verificationJson } from './verify-report.js'

/** The options of `kinde-billing verify`. */
export interface VerifyCommandOptions extends Partial<VerifyOptions> {
  /** Whether the result is JSON. */
  readonly json?: boolean | undefined
}

/**
 * `kinde-billing verify <file | ->`: says what a captured delivery is, or what is wrong with it and the mend.
 *
 * @throws UsageError for a file that cannot be read and an issuer that is missing or bad
 */
export async function verifyCommand(
  source: string,
  options: VerifyCommandOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const issuer = options.issuer ?? terminal.env['KINDE_ISSUER_URL']
  if (issuer === undefined || issuer === '')
    throw new UsageError('No issuer is given: pass --issuer https://acme.kinde.com, or set KINDE_ISSUER_URL.')
  judgeIssuer(issuer)
  const request = parseCapture(await readCapture(source, terminal))
  const verification = await verifyCapture(request, { ...options, issuer })
  terminal.out(
    options.json === true
      ? `${JSON.stringify(verificationJson(verification, request), null, 2)}\n`
      : describeVerification(verification, terminal),
  )
  return verification.ok ? EXIT.ok : EXIT.finding
}

/** Before anything is read: of two mistakes this is the one that costs the most to find. */
function judgeIssuer(issuer: string): void {
  try {
    createBillingVerifier({ issuer })
  } catch (error) {
    throw isKindeWebhookError(error) ? new UsageError(error.message) : error
  }
}

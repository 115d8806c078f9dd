import { isKindeWebhookError } from '@kinde-billing/core'
import { docsUrl, parseIssuer } from '@kinde-billing/core/internal'
import type { Terminal } from '../terminal.js'
import { UsageError } from '../usage-error.js'

/**
 * Reads the Kinde domain from `--issuer`, or from `KINDE_ISSUER_URL` without it.
 *
 * @returns Scheme and host, or `undefined` if neither is set
 * @throws UsageError if it is not a Kinde domain
 */
export function readIssuer(option: string | undefined, { env }: Pick<Terminal, 'env'>): string | undefined {
  const text = option ?? env.KINDE_ISSUER_URL ?? ''
  if (text.trim() === '') return undefined
  try {
    return parseIssuer(text, option === undefined ? 'KINDE_ISSUER_URL' : '--issuer')
  } catch (error) {
    throw isKindeWebhookError(error) ? new UsageError(`${error.message} ${docsUrl(error.code)}`) : error
  }
}

/**
 * Reads the Kinde domain as {@link readIssuer} does.
 *
 * @throws UsageError also if it is missing
 */
export function requireIssuer(option: string | undefined, terminal: Pick<Terminal, 'env'>): string {
  const issuer = readIssuer(option, terminal)
  if (issuer !== undefined) return issuer
  throw new UsageError('The issuer is missing. Pass --issuer https://acme.kinde.com, or set KINDE_ISSUER_URL.')
}

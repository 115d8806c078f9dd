import { docsUrl } from '@kinde-billing/core/internal'
import { isKindeManagementError } from '@kinde-billing/management'
import { probeEndpoint } from '../endpoint/probe.js'
import type { TargetOptions } from '../endpoint/target.js'
import { missingVariables, openClient } from '../kinde/client.js'
import type { Terminal } from '../terminal.js'
import { UsageError } from '../usage-error.js'
import { checkClock } from './clock.js'
import { type CheckResult, found, ok, unknown } from './finding.js'
import { checkInbox } from './inbox.js'
import { checkKeySet, type KeySetCheck } from './key-set.js'
import { checkWebhook } from './webhook.js'

/** The setup to check. */
export interface CheckOptions extends Pick<TargetOptions, 'lookup'> {
  readonly endpoint: string
  readonly issuer: string
  /** The endpoint's name in its inbox. */
  readonly name?: string | undefined
  readonly table?: string | undefined
}

/** Runs all checks at once, read-only. */
export async function runChecks(options: CheckOptions, terminal: Terminal): Promise<CheckResult[]> {
  const { endpoint, issuer, name, table, lookup } = options
  const [[keySet, domain], webhook, probe, inbox] = await Promise.all([
    checkKeySets(issuer, terminal),
    checkKinde(endpoint, terminal),
    checkEndpoint(endpoint, { lookup, signal: terminal.signal }),
    checkInbox(terminal, { name, table }),
  ])
  return [
    ...keySet.results,
    ...domain,
    checkClock('issuer', keySet.date, Date.now()),
    ...webhook,
    ...probe,
    inbox,
    unknown(
      'webhook_disabled',
      'webhook not disabled',
      'no API says if Kinde has disabled a webhook, which it does after 72 h of failures',
      'Kinde sends an email. Watch the last arrival of the inbox.',
    ),
  ]
}

async function checkKinde(endpoint: string, terminal: Terminal): Promise<CheckResult[]> {
  const missing = missingVariables(terminal)
  if (missing.length > 0)
    return [
      found(
        'settings',
        'settings',
        `${missing.join(', ')} missing`,
        `Set them, so that the webhook can be checked. ${docsUrl('credentials', 'management')}`,
      ),
    ]
  try {
    return [ok('settings', 'settings', 'all are set'), ...(await checkWebhook(openClient(terminal), endpoint))]
  } catch (error) {
    if (!(error instanceof UsageError) && !isKindeManagementError(error)) throw error
    return [found('settings', 'settings', error.message, 'Correct the setting.')]
  }
}

async function checkKeySets(issuer: string, terminal: Terminal): Promise<[KeySetCheck, CheckResult[]]> {
  const keySet = await checkKeySet(issuer, terminal.signal)
  return [keySet, await checkDomain(issuer, keySet, terminal)]
}

/** Two hosts of one environment have the same keys; two environments do not. */
async function checkDomain(issuer: string, { kids }: KeySetCheck, terminal: Terminal): Promise<CheckResult[]> {
  const domain = terminal.env.KINDE_DOMAIN?.trim().replace(/\/+$/, '')
  if (domain === undefined || domain === '' || domain === issuer || kids.length === 0) return []
  const other = await checkKeySet(domain, terminal.signal)
  const title = 'issuer and domain'
  if (other.kids.length === 0) return [unknown('domain', title, `${domain} has no key set that can be read`)]
  if (other.kids.some((kid) => kids.includes(kid)))
    return [ok('domain', title, `${issuer} and ${domain} have the same keys`)]
  return [
    found(
      'domain',
      title,
      `${issuer} and ${domain} have no key in common`,
      'Set KINDE_ISSUER_URL and KINDE_DOMAIN to the same environment.',
    ),
  ]
}

async function checkEndpoint(
  endpoint: string,
  options: Pick<TargetOptions, 'lookup'> & { readonly signal: AbortSignal },
): Promise<CheckResult[]> {
  const title = 'endpoint refuses a forged token'
  try {
    const { ok: isOk, seen, fix = '', date } = await probeEndpoint(endpoint, options)
    const result = isOk ? ok('endpoint', title, seen) : found('endpoint', title, seen, fix)
    return [result, checkClock('endpoint', date, Date.now())]
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    return [found('endpoint', title, error.message, 'Check --endpoint, and DNS.')]
  }
}

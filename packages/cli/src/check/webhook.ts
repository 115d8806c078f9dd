import { BILLING_EVENT_TYPES } from '@kinde-billing/core'
import { docsUrl } from '@kinde-billing/core/internal'
import { isKindeManagementError, type ManagementClient, type Webhook } from '@kinde-billing/management'
import { printable } from '../output/event-lines.js'
import { type CheckResult, found, ok, unknown } from './finding.js'

/** Checks that exactly one webhook is registered with exactly this URL, with all billing events that the tenant offers. */
export async function checkWebhook(client: ManagementClient, endpoint: string): Promise<CheckResult[]> {
  const title = 'webhook registered'
  try {
    const webhooks = await client.webhooks.list()
    const ours = webhooks.filter((webhook) => webhook.endpoint === endpoint)
    if (ours.length === 0) return [describeAbsence(webhooks, endpoint)]
    return [
      ok('webhook', title, ours.map(({ id }) => id).join(', ')),
      describeCount(ours),
      await describeEvents(client, ours),
    ]
  } catch (error) {
    if (!isKindeManagementError(error)) throw error
    const fix = `Kinde could not be asked. ${docsUrl('errors', 'management')}`
    return [found('webhook', title, error.message, fix)]
  }
}

function describeAbsence(webhooks: readonly Webhook[], endpoint: string): CheckResult {
  const others = webhooks.map((webhook) => printable(webhook.endpoint)).join(', ')
  return found(
    'webhook',
    'webhook registered',
    webhooks.length === 0
      ? 'the environment has no webhook'
      : `no webhook for exactly ${printable(endpoint)}; there are ${others}`,
    'Check KINDE_DOMAIN (each environment has its own) and case and slashes of the URL, or run kinde-billing webhooks ensure.',
  )
}

function describeCount(ours: readonly Webhook[]): CheckResult {
  return ours.length === 1
    ? ok('webhook_count', 'one webhook for the URL', '1')
    : found(
        'webhook_count',
        'one webhook for the URL',
        `${ours.length}, so every event arrives as often`,
        `Delete all but one: kinde-billing webhooks delete ${ours.at(-1)?.id}`,
      )
}

async function describeEvents(client: ManagementClient, ours: readonly Webhook[]): Promise<CheckResult> {
  const title = 'billing events ticked'
  const ticked = new Set(ours.flatMap(({ eventTypes }) => eventTypes))
  const offered = await readOffered(client)
  const missing = BILLING_EVENT_TYPES.filter((type) => !ticked.has(type) && (offered?.has(type) ?? true))
  const count = BILLING_EVENT_TYPES.filter((type) => ticked.has(type)).length
  if (missing.length === 0) return ok('webhook_events', title, `${count}`)
  const fix = 'Tick them in Kinde, or run kinde-billing webhooks ensure.'
  return offered === undefined
    ? unknown(
        'webhook_events',
        title,
        `not ticked: ${missing.join(', ')}; without read:event_types it is not known if your tenant offers them`,
        fix,
      )
    : found('webhook_events', title, `not ticked: ${missing.join(', ')}`, fix)
}

/** @returns `undefined` if the scope is missing: what the tenant offers is then not known. */
async function readOffered(client: ManagementClient): Promise<Set<string> | undefined> {
  try {
    return new Set((await client.eventTypes()).map(({ code }) => code))
  } catch (error) {
    if (isKindeManagementError(error) && error.code === 'missing_scope') return undefined
    throw error
  }
}

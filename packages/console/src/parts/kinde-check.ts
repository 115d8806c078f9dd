import { BILLING_EVENT_TYPES } from '@kinde-billing/core'
import { errorMessage, withTimeout } from '@kinde-billing/core/internal'
import type { ManagementClient, Webhook } from '@kinde-billing/management'
import { listDeliveries } from '@kinde-billing/postgres'
import { type Html, html } from '../html.js'
import { pathTo, type View } from '../view.js'
import { facts } from './blocks.js'
import { name } from './words.js'

const TIMEOUT_MS = 8000

/** Asks Kinde for its keys and webhooks, if the operator wants to know: the page itself waits for no other machine. */
export async function kindeCheck(view: View): Promise<Html> {
  if (view.query.get('check') !== 'kinde')
    return html`<p>Are Kinde’s signing keys reachable, and is the webhook registered?</p><p><a class="button" href="${pathTo(view, [], { check: 'kinde' })}">Check now</a></p>`
  const { client, pool, tables } = view.settings
  const { deliveries } = await listDeliveries(pool, { limit: 1, table: tables.deliveries })
  const issuer = deliveries[0]?.issuer
  const [keys, webhooks] = await Promise.all([
    issuer === undefined ? html`unknown until the first delivery has arrived` : checked(() => checkKeys(issuer)),
    client === undefined
      ? html`not checked: pass <code>client</code> to createConsole`
      : checked(() => checkWebhooks(client)),
  ])
  return html`${facts([
    ['Signing keys', keys],
    ['Webhooks', webhooks],
  ])}<p><a class="button" href="${pathTo(view, [], { check: 'kinde' })}">Check again</a></p>`
}

async function checked(check: () => Promise<Html>): Promise<Html> {
  try {
    return await withTimeout(check(), TIMEOUT_MS, () => {
      throw new Error('No answer within 8 seconds')
    })
  } catch (error) {
    return html`<span class="error wrap">${errorMessage(error, 200)}</span>`
  }
}

/** The issuer is that of a delivery whose signature was verified. */
async function checkKeys(issuer: string): Promise<Html> {
  const response = await fetch(`${issuer}/.well-known/jwks`, {
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  if (response.status !== 200) throw new Error(`${issuer}/.well-known/jwks answered ${response.status}`)
  const set: unknown = await response.json()
  const keys = typeof set === 'object' && set !== null && 'keys' in set && Array.isArray(set.keys) ? set.keys : []
  if (keys.length === 0) throw new Error(`${issuer}/.well-known/jwks lists no keys`)
  return html`${keys.length} ${keys.length === 1 ? 'key' : 'keys'} at ${name(issuer)}`
}

async function checkWebhooks({ webhooks }: ManagementClient): Promise<Html> {
  const found = (await webhooks.list()).filter(
    ({ eventTypes }) => missingTypes(eventTypes).length < BILLING_EVENT_TYPES.length,
  )
  if (found.length === 0) throw new Error('No webhook of this environment gets billing events')
  return html`<ul class="plain">${found.map(webhookItem)}</ul>`
}

function webhookItem({ endpoint, eventTypes }: Webhook): Html {
  const missing = missingTypes(eventTypes)
  return html`<li>${name(endpoint)}<br>${missing.length === 0 ? html`<span class="quiet">gets all billing events</span>` : html`<span class="error wrap">does not get ${missing.join(', ')}</span>`}</li>`
}

const missingTypes = (types: readonly string[]): string[] => BILLING_EVENT_TYPES.filter((type) => !types.includes(type))

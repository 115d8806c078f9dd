import { decodeBillingEvent } from '@kinde-billing/core'
import { type DeliveryDetails, readDelivery } from '@kinde-billing/postgres'
import { customerKey } from '@kinde-billing/state'
import { type Html, html } from '../html.js'
import { actionForm, readResult, reasonField, resultNotice } from '../parts/action-forms.js'
import { heading, region } from '../parts/blocks.js'
import { deliveryFacts } from '../parts/delivery-rows.js'
import { eventWords, nameInKey, statusBadge } from '../parts/words.js'
import { type Page, pathTo, type View } from '../view.js'
import { notFoundPage } from './message.js'

const MAX_CLAIMS_CHARS = 100_000

/** One delivery: the event, its attempts and errors, and the way to run it again. */
export async function deliveryPage(view: View, eventId: string): Promise<Page> {
  const { pool, tables } = view.settings
  const endpoint = view.query.get('endpoint') || undefined
  const delivery = eventId.includes('\0')
    ? undefined
    : await readDelivery(pool, eventId, { name: endpoint, table: tables.deliveries })
  if (delivery === undefined)
    return { ...notFoundPage(view, 'The inbox does not know this event, or it has been swept'), section: 'deliveries' }
  return {
    title: `${eventWords(delivery.type)}, ${eventId.slice(0, 60)}`,
    section: 'deliveries',
    main: html`<p class="crumb"><a href="${pathTo(view, ['deliveries'])}">Deliveries</a></p>
${region('head', heading(html`${eventWords(delivery.type)}`, statusBadge(delivery)), 'div')}
${region('result', resultNotice(view, await readResult(view, eventId)), 'div')}
<div class="split"><div>
${region('facts', html`<h2>Delivery</h2><p>${statusSentence(delivery)}</p>${deliveryFacts(view, delivery)}`)}
${claimsPart(view, delivery)}
</div><aside>
${region('again', redeliverPart(view, delivery))}
</aside></div>`,
  }
}

function statusSentence({ status, dead, attempts, failures, lastError }: DeliveryDetails): string {
  if (dead) return 'It has not been handled for 30 days, and nothing retries it. It stays until you decide.'
  switch (status) {
    case 'done':
      return failures === 0
        ? 'The handler ran and succeeded.'
        : `The handler succeeded after ${failures} failed ${failures === 1 ? 'attempt' : 'attempts'}.`
    case 'discarded':
      return 'The handler discarded this event on purpose. What it wrote was undone.'
    case 'in_progress':
      return 'A handler is running, or the event arrived a moment ago.'
    case 'to_redeliver':
      return 'It is marked for redelivery, and runs when its turn comes.'
    case 'failed':
      return `${attempts === 1 ? 'The one attempt' : `All ${attempts} attempts`} failed${lastError === undefined ? '' : `, the last with ${lastError.code}`}. Kinde retries for roughly 36 hours.`
  }
}

function redeliverPart(view: View, delivery: DeliveryDetails): Html {
  const title = html`<h2>Run it again</h2>`
  if (view.token === undefined) return html`${title}<p class="quiet">This console is read-only.</p>`
  if (delivery.claimsBytes === 0) {
    const why =
      delivery.status === 'done' || delivery.status === 'discarded'
        ? "It was handled, so its claims were removed. createPostgresInbox({ keepClaims: 'all' }) keeps them."
        : 'Its claims are not kept, so there is nothing to run.'
    return html`${title}<p class="quiet">${why}</p>`
  }
  const isDone = delivery.doneAt !== undefined
  const how = view.settings.receiver
    ? 'Your handlers run once, under the same lock as a delivery of Kinde’s.'
    : 'Redeliver marks it, and your application then runs it with redeliver() of @kinde-billing/postgres.'
  return html`${title}<p>${isDone ? 'This event has been handled: running it again repeats its effects. ' : undefined}${how}</p>${actionForm(
    view,
    ['deliveries', delivery.eventId, 'redeliver'],
    html`<input type="hidden" name="endpoint" value="${delivery.name}">${reasonField()}${isDone && html`<label class="check"><input type="checkbox" name="evenIfDone" value="yes" required> <span>Run it although it is done</span></label>`}<button class="primary">Redeliver</button>`,
  )}`
}

function claimsPart(view: View, { claims }: DeliveryDetails): Html {
  if (claims === undefined) return html``
  const text = JSON.stringify(claims, null, 2)
  const key = findCustomerKey(claims)
  return html`<section><h2>Claims</h2><p>The payload that Kinde signed. It holds personal data.${key !== undefined && html` Its customer: <a href="${pathTo(view, ['customers', key])}">${nameInKey(key)}</a>.`}</p><details id="claims"><summary>Show the claims</summary><pre tabindex="0">${text.slice(0, MAX_CLAIMS_CHARS)}${text.length > MAX_CLAIMS_CHARS && '\n…'}</pre></details></section>`
}

/** The customer of a billing event, by the key that a state handler has by default. */
function findCustomerKey(claims: Record<string, unknown>): string | undefined {
  try {
    return customerKey(decodeBillingEvent(claims))
  } catch {
    // Not a billing event.
    return undefined
  }
}

import { createHash } from 'node:crypto'
import type { StoredDelivery } from '@kinde-billing/postgres'
import { type Html, html } from '../html.js'
import { pathTo, type View } from '../view.js'
import { facts } from './blocks.js'
import { timeOf } from './time.js'
import { eventWords, idOf, name, statusBadge } from './words.js'

/** Deliveries as one-line rows that open. */
export function deliveryRows(view: View, deliveries: readonly StoredDelivery[]): Html {
  return html`<div class="rows deliveries">
<p class="columns" aria-hidden="true"><span>Status</span><span>Event</span><span>Customer</span><span>Tries</span><span>Arrived</span></p>
<ul>${deliveries.map((delivery) => deliveryRow(view, delivery))}</ul>
</div>`
}

function deliveryRow(view: View, delivery: StoredDelivery): Html {
  const { eventId, type, customer, attempts, firstSeenAt, lastError } = delivery
  return html`<li><details id="row-${shortHash(delivery.key)}"><summary data-row><span class="cell-status">${statusBadge(delivery)}</span><span class="cell-main"><strong>${eventWords(type)}</strong> ${lastError === undefined ? idOf(eventId) : html`<span class="error name">${lastError.message || lastError.code}</span>`}</span><span class="cell-customer">${customer === undefined ? undefined : idOf(customer)}</span><span class="cell-count">${attempts}<span class="unseen"> ${attempts === 1 ? 'attempt' : 'attempts'}</span></span><span class="cell-time">${timeOf(firstSeenAt, view.now)}</span></summary><div class="opened">${deliveryFacts(view, delivery)}<p><a class="button" href="${deliveryPath(view, delivery)}">Open delivery</a></p></div></details></li>`
}

/** Everything that is known of a delivery but its claims. */
export function deliveryFacts(view: View, delivery: StoredDelivery): Html {
  const { eventId, type, issuer, customer, lastError, redelivery } = delivery
  const when = (date: Date | undefined) => date && timeOf(date, view.now)
  return facts([
    ['Event id', idOf(eventId)],
    ['Type', idOf(type)],
    ['Endpoint', html`${name(delivery.name)} <span class="quiet">of ${name(issuer)}</span>`],
    [
      'Customer',
      customer === undefined
        ? undefined
        : html`<a href="${pathTo(view, ['customers'], { q: customer })}">${idOf(customer)}</a>`,
    ],
    ['Happened', when(delivery.occurredAt)],
    ['First arrived', when(delivery.firstSeenAt)],
    ['Last arrived', when(delivery.lastAttemptAt)],
    ['Attempts', html`${delivery.attempts}${delivery.failures > 0 ? `, ${delivery.failures} failed` : undefined}`],
    ['Handled', when(delivery.doneAt)],
    [
      'Last error',
      lastError &&
        html`<code class="wrap">${lastError.code}</code> ${timeOf(lastError.at, view.now)}<br><span class="error wrap">${lastError.message}</span>`,
    ],
    [
      'Redelivery',
      redelivery?.requestedAt &&
        html`requested ${timeOf(redelivery.requestedAt, view.now)}${redelivery.dueAt && html`, next try ${timeOf(redelivery.dueAt, view.now)}`}`,
    ],
    [
      'Redelivered',
      redelivery?.lastRunAt &&
        html`${redelivery.runs} ${redelivery.runs === 1 ? 'time' : 'times'}, last ${timeOf(redelivery.lastRunAt, view.now)}`,
    ],
    ['Reason', redelivery?.reason === undefined ? undefined : html`<bdi class="wrap">${redelivery.reason}</bdi>`],
    [
      'Claims',
      html`${delivery.claimsBytes > 0 ? `kept, ${delivery.claimsBytes.toLocaleString('en')} bytes` : 'not kept'}`,
    ],
  ])
}

export function deliveryPath(
  view: View,
  { eventId, name: endpoint }: Pick<StoredDelivery, 'eventId' | 'name'>,
): string {
  return pathTo(view, ['deliveries', eventId], { endpoint })
}

/** A short name for an element that stands for a row, whatever its key holds. */
export const shortHash = (key: string): string => createHash('sha256').update(key).digest('hex').slice(0, 16)

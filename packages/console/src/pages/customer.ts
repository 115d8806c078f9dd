import { listDeliveries } from '@kinde-billing/postgres'
import { type BillingState, type BillingSummary, explain, type FactReference, summarize } from '@kinde-billing/state'
import { type Html, html } from '../html.js'
import { actionForm, actionRow, readResult, resultNotice } from '../parts/action-forms.js'
import { agreementsTable } from '../parts/agreements-table.js'
import { facts, heading, region } from '../parts/blocks.js'
import { deliveryRows } from '../parts/delivery-rows.js'
import { dateOf, timeOf } from '../parts/time.js'
import { usageCharts } from '../parts/usage-chart.js'
import { accessBadge, customerName, eventWords, idOf, name, planWords } from '../parts/words.js'
import { type Page, pathTo, type View } from '../view.js'
import { notFoundPage } from './message.js'

/** One customer: access and why, timeline, agreements, usage. Loaded by key, however many there are. */
export async function customerPage(view: View, key: string): Promise<Page> {
  const { settings, now } = view
  const state = key.includes('\0') ? undefined : await settings.store.read(key)
  if (state === undefined)
    return { ...notFoundPage(view, 'No billing event of this customer is known'), section: 'customers' }
  const summary = summarize(state, { now, policy: settings.policy })
  const title = customerName(summary.customer, key)
  const [result, deliveries, log] = await Promise.all([
    readResult(view, key),
    openDeliveries(view, summary),
    settings.actions.list({ subject: key, limit: 5 }),
  ])
  return {
    title: title.slice(0, 80),
    section: 'customers',
    main: html`<p class="crumb"><a href="${pathTo(view, ['customers'])}">Customers</a></p>
${region('head', heading(idOf(title), accessBadge(summary.access)), 'div')}
${region('result', resultNotice(view, result), 'div')}
${region('why', html`<h2>Why</h2><p class="why">${summary.reason.text}</p>${summary.reason.fact && html`<p class="quiet">${factLink(view, summary.reason.fact)} ${timeOf(summary.reason.fact.at, now)}</p>`}`)}
<div class="split"><div>
${region('timeline', timelinePart(view, state))}
${summary.usage.length > 0 && region('usage', html`<h2>Usage</h2>${usageCharts(view, state)}`)}
${deliveries && region('open', html`<h2>Deliveries with kept claims</h2>${deliveries}`)}
</div><aside>
${region('facts', html`<h2>Now</h2>${summaryFacts(view, summary)}`)}
${region('agreements', html`<h2>Agreements</h2>${agreementsTable(view, summary.agreements)}`)}
${region('kinde', kindePart(view, key))}
${log.actions.length > 0 && region('log', html`<h2>Activity</h2><ul class="log short">${log.actions.map((action) => actionRow(view, action))}</ul>`)}
</aside></div>`,
  }
}

function summaryFacts(view: View, summary: BillingSummary): Html {
  const { customer, features } = summary
  const id = (text: string | undefined) => (text === undefined ? undefined : idOf(text))
  return facts([
    ['Has access', html`${summary.hasAccess ? 'Yes' : 'No'}`],
    ['Plan', name(planWords(summary.plan), 'none')],
    [
      'Features',
      features.length === 0
        ? undefined
        : html`${features.map((feature) => html`<span class="tag">${name(feature)}</span> `)}`,
    ],
    ['Next invoice', dateOf(summary.nextInvoiceOn, view.now)],
    ['Period ends', summary.periodEndsOn && timeOf(summary.periodEndsOn, view.now)],
    [
      'Last event',
      summary.changedAt &&
        html`${summary.changedBy && factLink(view, { source: 'event', at: summary.changedAt, ...summary.changedBy })} ${timeOf(summary.changedAt, view.now)}`,
    ],
    ['May change', summary.reviewAt && timeOf(summary.reviewAt, view.now)],
    ['Customer id', id(customer.id)],
    ['Organization', id(customer.orgCode)],
    ['User', id(customer.userId)],
  ])
}

function timelinePart(view: View, state: BillingState): Html {
  const steps = explain(state, { now: view.now, policy: view.settings.policy }).slice(0, -1).reverse()
  const list =
    steps.length === 0
      ? html`<p class="quiet">No event has had an effect yet.</p>`
      : html`<ol class="timeline">${steps.map(({ at, text, fact }) => html`<li><p>${text}</p><p class="quiet">${fact && factLink(view, fact)} ${timeOf(at, view.now)}</p></li>`)}</ol>`
  return html`<h2>Timeline</h2>${list}`
}

/** The event behind a statement, as a link, or the list of Kinde's. */
function factLink(view: View, fact: FactReference): Html {
  if (fact.source === 'snapshot') return html`<span>Kinde’s list</span>`
  return html`<a href="${pathTo(view, ['deliveries', fact.id])}">${eventWords(fact.type)}</a> ${idOf(fact.id)}`
}

async function openDeliveries(view: View, { customer }: BillingSummary): Promise<Html | undefined> {
  const { pool, tables } = view.settings
  const named = customer.id ?? customer.orgCode ?? customer.userId
  if (named === undefined || named.includes('\0')) return undefined
  const { deliveries } = await listDeliveries(pool, { customer: named, limit: 10, table: tables.deliveries })
  return deliveries.length === 0 ? undefined : deliveryRows(view, deliveries)
}

function kindePart(view: View, key: string): Html {
  if (view.settings.client === undefined || view.token === undefined) return html``
  return html`<h2>Kinde</h2><p>Reads this customer’s agreements from Kinde’s Management API. Comparing changes nothing.</p><div class="actions">${actionForm(view, ['customers', key, 'compare'], html`<button>Compare with Kinde</button>`)}${actionForm(view, ['customers', key, 'sync'], html`<button class="primary">Sync with Kinde</button>`)}</div>`
}

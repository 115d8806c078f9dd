import { createChart } from './chart.js'
import { badge } from './customers.js'
import { html } from './elements.js'
import { createTimeline } from './timeline.js'
import { ACCESS, formatDay, formatMoment, formatNumber } from './words.js'

const content = document.getElementById('content')
const card = html('section', { class: 'panel card', 'aria-labelledby': 'customer-name' })
const chart = createChart()
const timeline = createTimeline()
let shown

/** One customer, whole. What has not changed is not touched. */
export function showCustomer(customer) {
  if (customer === null) return content.replaceChildren(welcome())
  if (!card.isConnected) content.replaceChildren(card, chart.element, timeline.element)

  const reports = customer.events.filter(({ quantity }) => quantity !== null)
  const facts = { ...customer, events: undefined, used: reports[0]?.quantity }
  if (JSON.stringify(facts) !== shown) card.replaceChildren(...renderCard(facts))
  shown = JSON.stringify(facts)
  chart.show(reports.toReversed(), customer.callsIncluded)
  timeline.show(customer.key, customer.events)
}

function welcome() {
  return html(
    'section',
    { class: 'panel welcome' },
    html('h2', { id: 'customer-name' }, 'There is no customer yet'),
    html('p', {}, 'As soon as a webhook tells of a customer they appear here, in every open window at once.'),
  )
}

function renderCard({ key, name, access, plan, used, callsIncluded, nextInvoiceOn, agreements }) {
  const running = agreements.find(({ cancelledAt }) => !cancelledAt)
  const first = agreements.at(-1)?.createdAt
  const included = callsIncluded === null ? '' : ` of ${formatNumber(callsIncluded)}`
  return [
    html('div', { class: 'title' }, html('h2', { id: 'customer-name' }, name), badge(access)),
    html('p', { class: 'meaning' }, meaningOf(access, running)),
    html(
      'dl',
      { class: 'facts' },
      fact('Plan', plan ?? 'None'),
      fact('API calls', used === undefined ? 'None reported' : `${formatNumber(used)}${included}`),
      fact('Next invoice', running && nextInvoiceOn ? formatDay(nextInvoiceOn) : 'None'),
      fact('Customer since', first ? formatDay(first) : 'Not known'),
    ),
    html('h3', {}, agreements.length === 1 ? 'Agreement' : 'Agreements'),
    html('ul', { class: 'agreements' }, agreements.map(renderAgreement)),
    html('p', { class: 'key' }, key),
  ]
}

function meaningOf(access, running) {
  const isIn = access === 'active' || access === 'past_due'
  if (isIn && !running)
    return 'Cancelled, but still in for a moment: a new agreement may be on its way to replace the old one.'
  return ACCESS[access].meaning
}

function fact(name, value) {
  return html('div', {}, html('dt', {}, name), html('dd', {}, value))
}

function renderAgreement({ id, plan, createdAt, cancelledAt, pastDueSince }) {
  const state = cancelledAt
    ? `ended ${formatMoment(cancelledAt)}`
    : pastDueSince
      ? `owes since ${formatMoment(pastDueSince)}`
      : 'runs'
  return html(
    'li',
    { class: cancelledAt ? 'ended' : pastDueSince ? 'owing' : 'running' },
    html('span', { class: 'tariff' }, plan),
    html('span', {}, createdAt ? `made ${formatMoment(createdAt)}` : 'made before it was known', ', ', state),
    html('span', { class: 'key' }, shortId(id)),
  )
}

/** Its beginning and its end: enough to tell two apart. */
function shortId(id) {
  return id ? id.replace(/^agreement_/, '').replace(/^(.{4}).{6,}(.{4})$/, '$1…$2') : 'not named'
}

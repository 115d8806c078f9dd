import { html, showList } from './elements.js'
import { eventName, explain, formatMoment } from './words.js'

/** The latest requests to the webhook, whoever made them, and why they were answered so. */
export function showDeliveries(deliveries) {
  showList(document.getElementById('deliveries'), deliveries, ({ id }) => id, renderDelivery)
}

function renderDelivery({ status, outcome, type, customer, reason, receivedAt }) {
  const isRefused = status !== 200
  return html(
    'li',
    { class: isRefused ? 'refused' : outcome },
    html(
      'p',
      { class: 'what' },
      html('span', { class: 'status' }, String(status)),
      html('strong', {}, type ? eventName(type) : isRefused ? 'Refused' : 'Acknowledged'),
      html('time', { datetime: receivedAt }, formatMoment(receivedAt)),
    ),
    customer && html('p', { class: 'whom' }, customer),
    // what is as it should be needs no words
    outcome !== 'processed' && html('p', {}, explain({ outcome, reason }), ' ', html('code', {}, outcome)),
  )
}

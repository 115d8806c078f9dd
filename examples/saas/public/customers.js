import { html, showList } from './elements.js'
import { ACCESS } from './words.js'

/** The list to choose from: links, so that a choice has an address. */
export function showCustomers(customers, chosen) {
  const items = customers.map((customer) => ({ ...customer, isChosen: customer.key === chosen }))
  showList(document.getElementById('customers'), items, ({ key }) => key, renderCustomer)
  document.getElementById('no-customers').hidden = customers.length > 0
}

function renderCustomer({ key, name, access, plan, isChosen }) {
  const link = html(
    'a',
    { href: `#${encodeURIComponent(key)}`, 'aria-current': isChosen && 'true' },
    html('span', { class: 'name' }, name),
    html('span', { class: 'tariff' }, plan ?? 'No plan'),
    badge(access),
  )
  return html('li', {}, link)
}

export function badge(access) {
  return html('span', { class: `badge ${access}` }, ACCESS[access].name)
}

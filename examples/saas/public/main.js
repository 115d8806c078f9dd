import { showCustomer } from './customer.js'
import { showCustomers } from './customers.js'
import { showDeliveries } from './deliveries.js'
import { createScenarios } from './scenarios.js'
import { ACCESS } from './words.js'

const connection = document.getElementById('connection')
const announcer = document.getElementById('announcer')
const scenarios = createScenarios(choose)
let stream
let known = new Map()

window.addEventListener('hashchange', connect)
connect()

/** The customer whose address this is; an empty text where it names none. */
function chosen() {
  return decodeURIComponent(location.hash.slice(1))
}

function choose(key) {
  if (key !== chosen()) location.hash = encodeURIComponent(key)
}

/** One stream gives all that the window shows, at once and after each change. The browser itself reconnects. */
function connect() {
  stream?.close()
  stream = new EventSource(`/live?${new URLSearchParams({ customer: chosen() })}`)
  stream.addEventListener('message', ({ data }) => show(JSON.parse(data)))
  stream.addEventListener('open', () => showConnection('Live'))
  stream.addEventListener('error', () => {
    showConnection('Reconnecting')
    if (stream.readyState === EventSource.CLOSED) setTimeout(connect, 1000)
  })
}

function showConnection(state) {
  connection.textContent = state
  connection.classList.toggle('live', state === 'Live')
}

function show({ customers, customer, deliveries, scenarios: possible, issuer }) {
  // a window stays with its customer when a newer one comes
  if (customer && customer.key !== chosen()) {
    history.replaceState(null, '', `#${encodeURIComponent(customer.key)}`)
    connect()
  }
  showCustomers(customers, customer?.key)
  showCustomer(customer)
  showDeliveries(deliveries)
  scenarios.show(customer, possible, issuer)
  document.title = customer ? `${customer.name}, Billing desk` : 'Billing desk'
  announce(customers)
}

/** Says to screen readers what has changed for whom. */
function announce(customers) {
  const changes = customers
    .filter(({ key, access, plan }) => known.size > 0 && known.get(key) !== `${access} ${plan}`)
    .map(({ name, access, plan }) => `${name}: ${ACCESS[access].name}${plan ? `, ${plan}` : ''}.`)
  if (changes.length > 0) announcer.textContent = changes.join(' ')
  known = new Map(customers.map(({ key, access, plan }) => [key, `${access} ${plan}`]))
}

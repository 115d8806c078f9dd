import { type AccessPolicy, type AgreementSummary, type BillingState, summarize } from '@kinde-billing/state'
import { planName } from './changes.js'
import { type Sql, states } from './database.js'
import { planOf } from './plans.js'

const CUSTOMERS = 100
const EVENTS = 60
const DELIVERIES = 15

/** What one browser window shows: all customers, one of them whole (the newest, if none is chosen), and the latest requests. */
export async function readPageView(database: Sql, policy: AccessPolicy, chosen: string | undefined) {
  const { rows } = await database.query(
    `select c.key, coalesce(c.name, c.key) as name, s.state
     from saas_customers c join kinde_billing_states s on s.key = c.key
     order by c.number desc limit ${CUSTOMERS}`,
  )
  const customers = rows.map(({ key, name, state }) => {
    const { access, plan } = summarize(parseState(state), { now: Date.now(), policy })
    return { key: String(key), name: String(name), access, plan: plan ? planName(plan) : null }
  })
  const { key, name } = customers.find((customer) => customer.key === chosen) ?? customers[0] ?? {}
  return {
    customers,
    customer: key === undefined ? null : { key, name, ...(await readCustomer(database, policy, key)) },
    deliveries: await readDeliveries(database),
  }
}

async function readCustomer(database: Sql, policy: AccessPolicy, key: string) {
  const state = await states.read(key, database)
  const { access, plan, nextInvoiceOn, agreements } = summarize(state, { now: Date.now(), policy })
  return {
    access,
    plan: plan ? planName(plan) : null,
    callsIncluded: planOf(plan?.code)?.calls ?? null,
    nextInvoiceOn,
    agreements: agreements.map(shownAgreement),
    events: await readEvents(database, key),
  }
}

function shownAgreement({ id, plan, createdAt, cancelledAt, pastDueSince }: AgreementSummary) {
  return { id, plan: planName(plan), createdAt, cancelledAt, pastDueSince }
}

/** As they happened, the latest first; `late` where something later was known before. */
async function readEvents(database: Sql, customer: string) {
  const { rows } = await database.query(
    `select e.id, type, occurred_at as "occurredAt", quantity, effects,
       occurred_at < max(occurred_at) over (order by arrival rows between unbounded preceding and 1 preceding) as late,
       array(select subject from saas_mails m where m.cause = e.id order by subject) as mails
     from (select * from saas_events where customer = $1 order by arrival desc limit ${EVENTS}) e
     order by occurred_at desc, arrival desc`,
    [customer],
  )
  return rows
}

async function readDeliveries(database: Sql) {
  const { rows } = await database.query(
    `select id::text, received_at as "receivedAt", outcome, status, reason, type, coalesce(name, customer) as customer
     from saas_deliveries d left join saas_customers c on c.key = d.customer
     order by d.id desc limit ${DELIVERIES}`,
  )
  return rows
}

function parseState(state: unknown): BillingState | undefined {
  return typeof state === 'string' ? JSON.parse(state) : undefined
}

import type { PGlite } from '@electric-sql/pglite'
import { BILLING_EVENT_TYPES, decodeBillingEvent } from '@kinde-billing/core'
import { createPostgresStateStore, ensureSchema, ensureStateSchema } from '@kinde-billing/postgres'
import { applyBillingEvent, type BillingState } from '@kinde-billing/state'

const HOUR_MS = 3_600_000
const PLANS = ['starter', 'pro', 'scale']

/** The key of the n-th customer. */
export const keyOf = (index: number): string => `customer:${idOf(index)}`
const idOf = (index: number): string => `customer_0195${String(index).padStart(8, '0')}`

/** Fills a database as a tenant in production would look: many customers, many deliveries, some of them failing. */
export async function seed(pglite: PGlite, counts: { customers: number; deliveries: number }): Promise<void> {
  await ensureSchema(pglite)
  await ensureStateSchema(pglite)
  await seedCustomers(pglite, counts.customers)
  await seedDeliveries(pglite, counts)
}

async function seedCustomers(pool: PGlite, count: number): Promise<void> {
  const store = createPostgresStateStore({ pool })
  await store.transaction(async (tx) => {
    for (let index = 0; index < count; index += 1) {
      const key = keyOf(index)
      const stored = await store.load(key, { tx })
      await store.save(key, stateOf(index), stored?.version, { tx })
    }
  })
}

/** Every fifth customer owes, every seventh has left, and all report usage. */
function stateOf(index: number): BillingState {
  const start = Date.now() - (index % 300) * HOUR_MS - 40 * HOUR_MS
  const plan = PLANS[index % PLANS.length] ?? 'pro'
  const history: [string, number, object?][] = [
    ['customer.agreement_created', 0],
    ['customer.payment_succeeded', 1],
    ...[120, 480, 910, 1400].map((quantity, step): [string, number, object] => [
      'customer.meter_usage_updated',
      4 + step * 7,
      { quantity, billing_feature_code: 'api_calls' },
    ]),
    ...(index % 5 === 1 ? ([['customer.payment_failed', 35]] satisfies [string, number][]) : []),
    ...(index % 7 === 2 ? ([['customer.agreement_cancelled', 36]] satisfies [string, number][]) : []),
  ]
  let state: BillingState | undefined
  for (const [step, [type, hours, data]] of history.entries()) {
    const event = decodeBillingEvent({
      event_id: `event_${index}_${step}`,
      timestamp: new Date(start + hours * HOUR_MS).toISOString(),
      type,
      data: {
        customer_id: idOf(index),
        ...(index % 2 === 0
          ? { org_code: `org_${index.toString(36)}5e8c` }
          : { user_id: `kp_${index.toString(36)}01h2` }),
        agreement_id: `agreement_${index}`,
        plan_code: plan,
        plan_name: plan.toUpperCase().charAt(0) + plan.slice(1),
        invoice_due_on: new Date(start + 30 * 24 * HOUR_MS).toISOString().slice(0, 10),
        ...data,
      },
    })
    if (!('customer' in event)) throw new Error('not a billing event')
    state = applyBillingEvent(state, event)
  }
  if (state === undefined) throw new Error('no events')
  return state
}

/** One in 2000 has failed, with its claims; the newest arrived a moment ago. */
async function seedDeliveries(pglite: PGlite, { customers, deliveries }: { customers: number; deliveries: number }) {
  const types = BILLING_EVENT_TYPES.map((type) => `'${type}'`).join(', ')
  await pglite.exec(
    `insert into kinde_billing_deliveries (key, event_id, type, occurred_at, first_seen_at, last_attempt_at, attempts,
       done_at, expires_at, failures, failed_at, error_code, error_message, claims, customer)
     select 'https://acme.kinde.com billing event_' || n, 'event_' || n, type, at, at, at, case when failed then 4 else 1 end,
       case when failed then null else at + interval '80 ms' end,
       case when failed then 'infinity'::timestamptz else now() + interval '7 days' end,
       case when failed then 4 else 0 end, case when failed then at end,
       case when failed then 'handler_failed' end,
       case when failed then 'insert or update on table "subscriptions" violates foreign key constraint "subscriptions_plan_fkey"' end,
       case when failed then json_build_object('event_id', 'event_' || n, 'type', type, 'timestamp', at,
         'data', json_build_object('customer_id', customer))::text end,
       case when failed then customer end
     from (
       select n, now() - (${deliveries} - n) * interval '11 seconds' - interval '5 seconds' as at, n % 2000 = 7 as failed,
         (array[${types}])[1 + n % ${BILLING_EVENT_TYPES.length}] as type,
         'customer_0195' || lpad((n % ${Math.max(customers, 1)})::text, 8, '0') as customer
       from generate_series(1, ${deliveries}) as n
     ) as delivery`,
  )
  await pglite.exec('analyze')
}

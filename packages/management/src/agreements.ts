import { parseDate } from '@kinde-billing/core/internal'
import * as v from 'valibot'
import type { Api } from './api.js'
import { Id, OptionalNumber, OptionalText } from './lenient.js'
import { nextAfter, readPages } from './pages.js'

/** An agreement that a billing customer has. Kinde's API gives no payment state and no status. */
export interface Agreement {
  /** Kinde's id of the agreement. */
  readonly id: string
  /** The code of its plan. */
  readonly planCode: string | undefined
  /** When it expired or will expire. Present and in the past: the agreement is over. */
  readonly expiresOn: Date | undefined
  /** The start of the current billing period. */
  readonly periodStartsOn: Date | undefined
  /** Can lie in the past if Kinde's sync with its payment provider lags: that ends nothing. */
  readonly periodEndsOn: Date | undefined
  /** The id of the group that its plan belongs to. */
  readonly billingGroupId: string | undefined
  /** Codes of the features; `undefined` if Kinde did not say. */
  readonly features: readonly string[] | undefined
}

/** The entitlements and plans of a billing customer. */
export interface Entitlements {
  /** All entitlements of the customer. */
  readonly entitlements: readonly Entitlement[]
  /** The plans that the customer is subscribed to. */
  readonly plans: readonly SubscribedPlan[]
}

/** One entitlement. */
export interface Entitlement {
  /** Kinde's id of the entitlement. */
  readonly id: string
  /** The code of the feature. */
  readonly featureCode: string | undefined
  /** The name of the feature. */
  readonly featureName: string | undefined
  /** The name of the price. */
  readonly priceName: string | undefined
  /** In cents, as Kinde documents it. */
  readonly unitAmount: number | undefined
  /** Kinde documents no unit. */
  readonly fixedCharge: number | undefined
  /** Kinde has been seen to write 2147483647 for unlimited. */
  readonly limitMax: number | undefined
  /** The fewest units of the feature. */
  readonly limitMin: number | undefined
}

/** A plan that a billing customer is subscribed to. */
export interface SubscribedPlan {
  /** The code of the plan. */
  readonly code: string | undefined
  /** The name of the plan. */
  readonly name: string | undefined
  /** When the subscription began. */
  readonly subscribedOn: Date | undefined
}

/** Options of a single call. */
export interface CallOptions {
  /** Stops the call. It then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** Options of `agreements()`. */
export interface AgreementsOptions extends CallOptions {
  /** Called with the time by Kinde's clock for each page that was read, in whole seconds, if the answer tells it. */
  readonly onDate?: ((date: Date) => void) | undefined
}

const OptionalDate = v.pipe(v.unknown(), v.transform(parseDate))

const FeatureCodes = v.fallback(
  v.optional(
    v.pipe(
      v.array(v.object({ feature_code: v.string() })),
      v.transform((entitlements) => entitlements.map(({ feature_code }) => feature_code)),
    ),
  ),
  undefined,
)

const AgreementsAnswer = v.object({
  has_more: v.boolean(),
  agreements: v.array(
    v.pipe(
      v.object({
        id: Id,
        plan_code: OptionalText,
        expires_on: v.optional(OptionalDate),
        current_period_start: v.optional(OptionalDate),
        current_period_end: v.optional(OptionalDate),
        billing_group_id: OptionalText,
        entitlements: FeatureCodes,
      }),
      v.transform(
        (agreement): Agreement => ({
          id: agreement.id,
          planCode: agreement.plan_code,
          expiresOn: agreement.expires_on,
          periodStartsOn: agreement.current_period_start,
          periodEndsOn: agreement.current_period_end,
          billingGroupId: agreement.billing_group_id,
          features: agreement.entitlements,
        }),
      ),
    ),
  ),
})

const EntitlementsAnswer = v.object({
  has_more: v.boolean(),
  entitlements: v.array(
    v.pipe(
      v.object({
        id: Id,
        feature_code: OptionalText,
        feature_name: OptionalText,
        price_name: OptionalText,
        unit_amount: OptionalNumber,
        fixed_charge: OptionalNumber,
        entitlement_limit_max: OptionalNumber,
        entitlement_limit_min: OptionalNumber,
      }),
      v.transform(
        (entitlement): Entitlement => ({
          id: entitlement.id,
          featureCode: entitlement.feature_code,
          featureName: entitlement.feature_name,
          priceName: entitlement.price_name,
          unitAmount: entitlement.unit_amount,
          fixedCharge: entitlement.fixed_charge,
          limitMax: entitlement.entitlement_limit_max,
          limitMin: entitlement.entitlement_limit_min,
        }),
      ),
    ),
  ),
  plans: v.fallback(
    v.optional(
      v.array(
        v.pipe(
          v.object({ code: OptionalText, name: OptionalText, subscribed_on: v.optional(OptionalDate) }),
          v.transform(({ code, name, subscribed_on }): SubscribedPlan => ({ code, name, subscribedOn: subscribed_on })),
        ),
      ),
      [],
    ),
    [],
  ),
})

/** Reads all agreements of a customer. */
export async function readAgreements(
  api: Api,
  customerId: string,
  { signal, onDate }: AgreementsOptions = {},
): Promise<Agreement[]> {
  const path = '/api/v1/billing/agreements'
  const pages = readPages(`GET ${path}`, async (after) => {
    const { agreements, has_more } = await api.call({
      method: 'GET',
      path,
      // Kinde documents no largest page, so the default one is asked for
      query: { customer_id: customerId, starting_after: after },
      scope: 'read:billing_agreements',
      schema: AgreementsAnswer,
      signal,
      onDate,
    })
    return { items: agreements, next: nextAfter(`GET ${path}`, has_more, agreements) }
  })
  return collect(pages)
}

/** Reads all entitlements and plans of a customer. */
export async function readEntitlements(
  api: Api,
  customerId: string,
  { signal }: CallOptions = {},
): Promise<Entitlements> {
  const path = '/api/v1/billing/entitlements'
  const plans = new Map<string, SubscribedPlan>()
  const pages = readPages(`GET ${path}`, async (after) => {
    const answer = await api.call({
      method: 'GET',
      path,
      query: { customer_id: customerId, expand: 'plans', starting_after: after },
      scope: 'read:billing_entitlements',
      schema: EntitlementsAnswer,
      signal,
    })
    // every page repeats the plans
    for (const plan of answer.plans) plans.set(JSON.stringify(plan), plan)
    return { items: answer.entitlements, next: nextAfter(`GET ${path}`, answer.has_more, answer.entitlements) }
  })
  return { entitlements: await collect(pages), plans: [...plans.values()] }
}

async function collect<Item>(pages: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = []
  for await (const item of pages) items.push(item)
  return items
}

import { decodeBillingEvent } from '@kinde-billing/core'
import { v } from 'convex/values'
import { internalMutation } from './_generated/server'

/** Handles an event and remembers it: one transaction. */
export const handle = internalMutation({
  args: { key: v.string(), claims: v.any() },
  handler: async (ctx, { key, claims }): Promise<'processed' | 'duplicate'> => {
    const seen = await ctx.db
      .query('billingDeliveries')
      .withIndex('by_key', (q) => q.eq('key', key))
      .unique()
    if (seen !== null) return 'duplicate'
    await ctx.db.insert('billingDeliveries', { key })

    const event = decodeBillingEvent(claims)
    if (event.type === 'customer.plan_changed' && event.customer.id !== undefined) {
      const customerId = event.customer.id
      const customer = await ctx.db
        .query('customers')
        .withIndex('by_customer', (q) => q.eq('customerId', customerId))
        .unique()
      if (customer === null) await ctx.db.insert('customers', { customerId, plan: event.plan.code })
      else await ctx.db.patch(customer._id, { plan: event.plan.code })
    }
    return 'processed'
  },
})

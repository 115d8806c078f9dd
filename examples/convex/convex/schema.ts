import { defineSchema, defineTable } from 'convex/server'
import { v } from 'convex/values'

export default defineSchema({
  billingDeliveries: defineTable({ key: v.string() }).index('by_key', ['key']),
  customers: defineTable({ customerId: v.string(), plan: v.optional(v.string()) }).index('by_customer', ['customerId']),
})

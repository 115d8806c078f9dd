import type { Customers } from '@kinde-billing/example-billing-actions'

export const customers: Customers = new Map()

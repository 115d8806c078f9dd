import { createCustomers } from '@kinde-billing/example-billing-actions'

export const customers = createCustomers()

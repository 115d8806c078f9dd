import { billingActions, createCustomers } from '@kinde-billing/example-billing-actions'
import { kindeBilling } from '@kinde-billing/lambda'

/** In memory, for this example. On Lambda, keep customers in a database. */
export const customers = createCustomers()

// the function: its handler is `handler.handler`, and the issuer is KINDE_ISSUER_URL of the environment
export const handler = kindeBilling(billingActions(customers))

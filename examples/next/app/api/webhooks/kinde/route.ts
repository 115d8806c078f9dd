import { billingActions } from '@kinde-billing/example-billing-actions'
import { kindeBilling } from '@kinde-billing/next'
import { customers } from '../../../../customers'

// the issuer is KINDE_ISSUER_URL of the environment, read at the first request and not during `next build`
export const POST = kindeBilling(billingActions(customers))

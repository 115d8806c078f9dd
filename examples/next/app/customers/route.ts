import { listCustomers } from '@kinde-billing/example-billing-actions'
import { customers } from '../../customers'

export const dynamic = 'force-dynamic'

// for a look at what the events have done: leave it out of your application
export const GET = (): Response => Response.json(listCustomers(customers))

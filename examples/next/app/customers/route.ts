import { listCustomers } from '../../billing'

export const dynamic = 'force-dynamic'

// shows the effects of the events: leave it out of your application
export const GET = (): Response => Response.json(listCustomers())

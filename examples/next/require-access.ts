import { billingOf } from './billing'

type Handler = (request: Request) => Response | Promise<Response>

/** Lets in whose organization pays: wrap any route handler. Next's proxy runs before the route, without its memory. */
export const requireAccess =
  (handler: Handler): Handler =>
  (request) => {
    // in place of your login, which knows the organization of the session
    const billing = billingOf(request.headers.get('x-example-org'))
    return billing.hasAccess ? handler(request) : Response.json({ error: billing.reason.text }, { status: 402 })
  }

import { createWebHandler, type DeliveryInbox, HandlerFault } from '@kinde-billing/core/receiver'
import { httpRouter } from 'convex/server'
import { internal } from './_generated/api'
import { type ActionCtx, httpAction } from './_generated/server'

/** The mutation handles the event and remembers it: both happen once, or neither. */
const mutationInbox = (ctx: ActionCtx): DeliveryInbox => ({
  once: async ({ key, claims }, work) => {
    const outcome = await ctx.runMutation(internal.billing.handle, { key, claims }).catch((cause) => {
      throw new HandlerFault('The mutation failed.', { cause })
    })
    if (outcome === 'processed') await work(undefined, new AbortController().signal)
    return outcome
  },
})

// the issuer is KINDE_ISSUER_URL of the deployment's environment
const billing = createWebHandler({
  name: 'billing',
  inbox: mutationInbox,
  // called after the mutation, and not again: for logs
  onEvent: (event) => console.log(event.type, event.customer.id),
})

const http = httpRouter()
http.route({
  path: '/webhooks/kinde',
  method: 'POST',
  handler: httpAction((ctx, request) => billing(request, ctx)),
})

export default http

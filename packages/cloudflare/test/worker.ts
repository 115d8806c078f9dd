import { createWebHandler } from '@kinde-billing/core/receiver'
import { KindeBillingInbox as Base, createDurableObjectInbox, type InboxObjectState } from '../src/index.js'

interface State extends InboxObjectState {
  readonly storage: InboxObjectState['storage'] & {
    list(): Promise<Map<string, unknown>>
    getAlarm(): Promise<number | null>
  }
}

/** The inbox's class, which also tells the tests what it has stored, and lets them call its alarm. */
export class KindeBillingInbox extends Base {
  readonly #state: State

  constructor(state: State) {
    super(state)
    this.#state = state
  }

  override async fetch(request: Request): Promise<Response> {
    if (request.method === 'POST') return super.fetch(request)
    if (request.method === 'PUT') await this.alarm()
    const { storage } = this.#state
    return Response.json({ keys: [...(await storage.list()).keys()], alarm: await storage.getAlarm() })
  }
}

interface Env {
  KINDE_ISSUER_URL: string
  KINDE_BILLING_INBOX: {
    getByName(name: string): {
      fetch(url: string, init: { method: string; body?: string | undefined }): Promise<Response>
    }
  }
  /** Called for each run of the handler, which waits for it. */
  HANDLED: { fetch(url: string, init: { method: string; body: string }): Promise<unknown> }
}

const receiveWebhook = createWebHandler({
  issuer: (env: Env) => env.KINDE_ISSUER_URL,
  name: 'billing',
  inbox: (env: Env) => createDurableObjectInbox({ namespace: env.KINDE_BILLING_INBOX }),
  onEvent: async (event, { context }) => {
    await context.HANDLED.fetch('https://handled/', { method: 'POST', body: event.id })
  },
})

/** Passes a request on to the object that the query names, for inboxes outside the runtime. */
async function passOn(request: Request, env: Env): Promise<unknown> {
  const name = new URL(request.url).searchParams.get('object') ?? ''
  const { method } = request
  const body = method === 'GET' ? undefined : await request.text()
  return env.KINDE_BILLING_INBOX.getByName(name).fetch('https://inbox/', { method, body })
}

// biome-ignore lint/style/noDefaultExport: a Worker is the default export of its main module
export default {
  fetch: (request: Request, env: Env): Promise<unknown> =>
    new URL(request.url).pathname === '/object' ? passOn(request, env) : receiveWebhook(request, env),
}

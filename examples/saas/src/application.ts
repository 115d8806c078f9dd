import { createHash, timingSafeEqual } from 'node:crypto'
import { createConsole } from '@kinde-billing/console'
import { countCustomerStates } from '@kinde-billing/postgres'
import { createTestIssuer } from '@kinde-billing/testing'
import { Hono } from 'hono'
import { createBilling } from './billing.js'
import { openDatabase } from './database.js'
import { deliverFirstCustomers } from './development/first-customers.js'
import { createScenarioPlayer } from './development/player.js'
import { serveScenarios } from './development/routes.js'
import { servePages } from './pages/serve.js'

const WEBHOOK_PATH = '/webhooks/kinde'

export interface ApplicationSettings {
  /** A Postgres server. Without one the data is in `dataFolder`, and without that in memory. */
  readonly databaseUrl?: string | undefined
  readonly dataFolder?: string | undefined
  /** Your Kinde domain. Without one the application plays Kinde itself, and the page has its buttons. */
  readonly issuer?: string | undefined
  /** The password of the pages and the console, for use with a Kinde domain. Without one they stay closed. */
  readonly password?: string | undefined
}

/** Creates the whole application, not listening yet. */
export async function createApplication({ databaseUrl, dataFolder, issuer, password }: ApplicationSettings) {
  // Always the same name, so that events from before a restart are duplicates after it.
  const kinde = issuer ? undefined : await createTestIssuer({ issuer: 'https://development.example' })
  const { pool, close } = await openDatabase({ url: databaseUrl, folder: dataFolder })
  const billing = createBilling(pool, issuer, kinde)
  const isOperator = (request: Request): boolean =>
    kinde !== undefined || hasPassword(request.headers.get('authorization'), password)
  let origin = ''
  const player = kinde && (await createScenarioPlayer(kinde, billing, () => `${origin}${WEBHOOK_PATH}`))

  const app = new Hono()
  app.post(WEBHOOK_PATH, async (c) => {
    const { status, headers, body } = await billing.receiver.receive({
      method: c.req.method,
      header: (name) => c.req.header(name),
      body: () => c.req.raw.body,
      context: undefined,
    })
    return new Response(body, { status, headers })
  })
  // This application has no sign-in. Yours has: ask its session, here and in authorize.
  app.use(async (c, next) => {
    if (isOperator(c.req.raw)) return next()
    return c.body('Sign in\n', 401, { 'www-authenticate': 'Basic realm="Billing", charset="UTF-8"' })
  })
  const billingConsole = createConsole({
    pool,
    basePath: '/billing',
    receiver: billing.receiver,
    policy: billing.policy,
    authorize: (request) => isOperator(request) && { name: 'operator' },
  })
  app.all('/billing/*', (c) => billingConsole(c.req.raw))
  servePages(app, pool, billing, player !== undefined)
  if (player) serveScenarios(app, player, billing.switches)

  // Time alone ends a grace: this brings the columns of the state table up to date, for lists and for SQL.
  const reviews = setInterval(
    () => {
      billing.store.reviewDue().catch(({ message }: Error) => console.error(`Review: ${message}`))
    },
    kinde ? 1000 : 60_000,
  )

  return {
    app,
    async close(): Promise<void> {
      clearInterval(reviews)
      await close()
    },
    /** Call it when the application listens: without customers, it delivers the first ones if it plays Kinde. */
    async prepare(url: string): Promise<void> {
      origin = url
      if (player && (await countCustomerStates(pool)).total === 0) await deliverFirstCustomers(player)
    },
  }
}

/** The password of HTTP Basic authentication, with any user name. */
function hasPassword(authorization: string | null, password: string | undefined): boolean {
  const [, encoded] = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(authorization ?? '') ?? []
  if (!password || encoded === undefined) return false
  const given = Buffer.from(encoded, 'base64')
    .toString()
    .replace(/^[^:]*:/, '')
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(password))
}

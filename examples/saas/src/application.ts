import { kindeBilling } from '@kinde-billing/fastify'
import type { AccessPolicy } from '@kinde-billing/state'
import { createTestIssuer } from '@kinde-billing/testing'
import Fastify, { type FastifyInstance } from 'fastify'
import { handleBilling } from './billing.js'
import { openDatabase } from './database.js'
import { logDeliveries } from './delivery-log.js'
import { deliverFirstCustomers } from './development/first-customers.js'
import { createScenarioPlayer, type ScenarioPlayer } from './development/player.js'
import { SCENARIO_NAMES, type ScenarioName } from './development/scenarios.js'
import { createLive } from './live.js'
import { servePage } from './page-files.js'
import { readPageView } from './page-view.js'
import { startWorkQueue } from './work-queue.js'

const WEBHOOK_PATH = '/webhooks/kinde'
const DAY_MS = 24 * 60 * 60 * 1000

export interface ApplicationSettings {
  /** A Postgres server. Without one the data is in `dataFolder`, and without that in memory. */
  readonly databaseUrl?: string | undefined
  readonly dataFolder?: string | undefined
  /** Your Kinde domain. Without one the application plays Kinde itself, and the page has its buttons. */
  readonly issuer?: string | undefined
}

export interface Application {
  readonly app: FastifyInstance
  /** To be called once it listens: delivers the first customers, where it plays Kinde and has none. */
  prepare(): Promise<void>
}

/** The whole application, not listening yet. `app.close()` ends what is in hand, and keeps the data. */
export async function createApplication(settings: ApplicationSettings): Promise<Application> {
  // always the same name, so that what was handled before a restart is a duplicate after it
  const playedKinde = settings.issuer ? undefined : await createTestIssuer({ issuer: 'https://development.example' })
  const policy: AccessPolicy = {
    pastDueGraceMs: 14 * DAY_MS,
    // the default of five minutes is too long to watch
    ...(playedKinde && { cancellationGraceMs: 3000 }),
  }
  const database = await openDatabase({ url: settings.databaseUrl, folder: settings.dataFolder })
  const queue = await startWorkQueue(database, policy)
  const app = Fastify({ forceCloseConnections: true })
  const player =
    playedKinde &&
    (await createScenarioPlayer(playedKinde, database, policy, () => `${app.listeningOrigin}${WEBHOOK_PATH}`))

  app.register(
    kindeBilling({
      path: WEBHOOK_PATH,
      ...(playedKinde ? { issuer: playedKinde.issuer, jwks: playedKinde.jwks } : { issuer: settings.issuer }),
      name: 'saas',
      inbox: database.inbox,
      onEvent: handleBilling(queue, policy),
      onOutcome: logDeliveries(database),
    }),
  )
  servePage(app)
  if (player) serveScenarios(app, player)

  const live = createLive(async (chosen) => {
    const view = await readPageView(database, policy, chosen)
    return { ...view, issuer: settings.issuer, scenarios: await player?.possibleFor(view.customer?.key) }
  })
  await database.onChange(live.refresh)
  app.get<{ Querystring: { customer?: string } }>('/live', (request, reply) => {
    reply.hijack()
    live.subscribe(reply.raw, request.query.customer)
  })
  app.addHook('preClose', async () => live.close())
  app.addHook('onClose', async () => {
    await queue.close()
    await database.close()
  })
  return {
    app,
    async prepare() {
      const { rows } = await database.query('select from saas_customers limit 1')
      if (player && rows.length === 0) await deliverFirstCustomers(player)
    },
  }
}

/** The buttons. Only JSON is taken, which no page of another origin can send without being allowed to. */
function serveScenarios(app: FastifyInstance, player: ScenarioPlayer): void {
  const params = { type: 'object', properties: { name: { enum: SCENARIO_NAMES } } }
  const body = { type: 'object', properties: { customer: { type: 'string' } } }
  app.removeContentTypeParser('text/plain')
  app.post<{ Params: { name: ScenarioName }; Body: { customer?: string } }>(
    '/scenarios/:name',
    { schema: { params, body } },
    async (request, reply) => {
      const played = await player.play(request.params.name, request.body.customer)
      return played ?? reply.code(409).send({ error: 'This makes no sense for the customer as they are now.' })
    },
  )
}

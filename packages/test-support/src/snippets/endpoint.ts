import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, Server as SocketServer } from 'node:net'
import type { BillingReceiver } from '@kinde-billing/core/receiver'
import Fastify, { type FastifyPluginCallback } from 'fastify'
import { type ExecutionContext, type Handler, Hono } from 'hono'
import { createNamespace } from '../durable-objects.js'
import type { CreatedReceiver, LoadedSnippet } from './load.js'

const PATH = '/webhooks/kinde'

/** Sends a token as Kinde does. */
export type Endpoint = (token: string) => Promise<{ status: number; body: unknown }>

type Send = (request: Request) => Response | Promise<Response>
type Fetch = (request: Request, ...more: unknown[]) => Response | Promise<Response>

type LambdaFunction = (event: object) => Promise<{ statusCode: number; body: string }>

const executionContext: ExecutionContext = { waitUntil() {}, passThroughOnException() {}, props: {} }
const nextContext = { params: Promise.resolve({}) }

/** Finds the endpoint of a snippet: its own application if it has one, otherwise the receiver that it creates. */
export async function findEndpoint(snippet: LoadedSnippet, issuer: string): Promise<Endpoint | undefined> {
  const { POST, default: application, handle } = snippet.exports
  const [server] = snippet.servers
  const [created] = snippet.receivers
  const bindings = {
    KINDE_ISSUER_URL: issuer,
    KINDE_BILLING_INBOX: createNamespace(),
    HYPERDRIVE: { connectionString: process.env.DATABASE_URL },
  }
  if (typeof POST === 'function') return viaFetch((request) => POST(request, nextContext))
  if (hasFetch(application)) return viaFetch((request) => application.fetch(request, bindings, executionContext))
  if (server) return viaSocket(server)
  if (created) return viaReceiver(created, bindings)
  if (typeof handle === 'function') return async (token) => ({ status: await handle(token), body: undefined })
  return undefined
}

async function viaReceiver({ from, factory, receiver }: CreatedReceiver, bindings: object): Promise<Endpoint> {
  switch (`${from} ${factory}`) {
    case '@kinde-billing/node kindeBilling':
      return viaSocket(createServer(receiver as RequestListener).listen(0))
    case '@kinde-billing/fastify kindeBilling': {
      const app = Fastify().register(receiver as FastifyPluginCallback)
      await app.listen({ port: 0 })
      return viaSocket(app.server)
    }
    case '@kinde-billing/hono kindeBilling': {
      const app = new Hono().post(PATH, receiver as Handler)
      return viaFetch((request) => app.fetch(request, bindings, executionContext))
    }
    case '@kinde-billing/next kindeBilling':
      return viaFetch((request) => (receiver as Fetch)(request, nextContext))
    case '@kinde-billing/lambda kindeBilling':
      return viaLambda(receiver as LambdaFunction)
    case '@kinde-billing/core/receiver createBillingReceiver':
      return async (token) => {
        const { status, body } = await (receiver as BillingReceiver<unknown>).receive({
          method: 'POST',
          header: () => undefined,
          body: () => token,
          context: undefined,
        })
        return { status, body: JSON.parse(body) }
      }
    default:
      return viaFetch((request) => (receiver as Fetch)(request, bindings))
  }
}

/** As a function URL calls it. */
function viaLambda(handler: LambdaFunction): Endpoint {
  return async (token) => {
    const event = {
      headers: { 'content-type': 'application/jwt' },
      requestContext: { http: { method: 'POST' } },
      body: Buffer.from(token).toString('base64'),
      isBase64Encoded: true,
    }
    const { statusCode, body } = await handler(event)
    return { status: statusCode, body: JSON.parse(body) }
  }
}

async function viaSocket(server: SocketServer | Server): Promise<Endpoint> {
  if (!server.listening) await new Promise((resolve) => server.once('listening', resolve))
  server.unref()
  const { port } = server.address() as AddressInfo
  return viaFetch((request) => fetch(request), `http://localhost:${port}`)
}

function viaFetch(send: Send, origin = 'http://localhost'): Endpoint {
  return async (token) => {
    const headers = { 'content-type': 'application/jwt', connection: 'close' }
    const response = await send(new Request(`${origin}${PATH}`, { method: 'POST', headers, body: token }))
    return { status: response.status, body: await response.json() }
  }
}

function hasFetch(value: unknown): value is { fetch: Fetch } {
  return typeof value === 'object' && value !== null && 'fetch' in value && typeof value.fetch === 'function'
}

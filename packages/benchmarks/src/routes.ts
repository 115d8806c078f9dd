import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { createAdaptorServer } from '@hono/node-server'
import { type BillingVerifier, createBillingVerifier } from '@kinde-billing/core'
import { createMemoryInbox } from '@kinde-billing/core/receiver'
import { kindeBilling as forFastify } from '@kinde-billing/fastify'
import { kindeBilling as forHono } from '@kinde-billing/hono'
import { kindeBilling as forNext } from '@kinde-billing/next'
import { kindeBilling as forNode } from '@kinde-billing/node'
import express from 'express'
import Fastify, { type FastifyInstance } from 'fastify'
import { Hono } from 'hono'

/** A server with the adapter, and one with a route by hand that calls the verifier and nothing else. */
export interface RoutePair {
  readonly framework: string
  readonly adapter: () => Promise<Server>
  readonly byHand: () => Promise<Server>
}

export const PATH = '/webhooks/kinde'

const HOUR_MS = 3_600_000

export function routePairs(issuer: string): RoutePair[] {
  const verifier = createBillingVerifier({ issuer })
  let inboxTime = Date.now()
  // its clock runs ahead, so that each token has been forgotten when its turn comes, and is handled again
  const now = (): number => (inboxTime += HOUR_MS)
  const options = () => ({
    issuer,
    name: 'benchmark',
    inbox: createMemoryInbox({ now }),
    on: { 'customer.plan_changed': () => {} },
  })
  return [
    {
      framework: 'node:http',
      adapter: async () => createServer(forNode(options())),
      byHand: async () => createServer((req, res) => verifyByHand(verifier, req, res)),
    },
    {
      framework: 'Express',
      adapter: async () => createServer(express().post(PATH, forNode(options()))),
      byHand: async () =>
        createServer(
          express().post(PATH, express.text({ type: 'application/jwt' }), async (req, res) => {
            await verifier.verifyAndParse(req.body)
            res.json(DONE)
          }),
        ),
    },
    {
      framework: 'Fastify',
      adapter: async () => ready(Fastify().register(forFastify({ path: PATH, ...options() }))),
      byHand: async () => ready(fastifyByHand(verifier)),
    },
    {
      framework: 'Hono',
      adapter: async () => serve(new Hono().post(PATH, forHono(options())).fetch),
      byHand: async () =>
        serve(
          new Hono().post(PATH, async (c) => {
            await verifier.verifyAndParse(await c.req.text())
            return c.json(DONE)
          }).fetch,
        ),
    },
    {
      framework: 'Next',
      adapter: async () => {
        const post = forNext(options())
        return serveRequests((request) => post(request as Parameters<typeof post>[0], { params: Promise.resolve({}) }))
      },
      byHand: async () =>
        serveRequests(async (request) => {
          await verifier.verifyAndParse(await request.text())
          return Response.json(DONE)
        }),
    },
  ]
}

const DONE = { status: 'processed' }

async function verifyByHand(verifier: BillingVerifier, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk)
  await verifier.verifyAndParse(Buffer.concat(chunks))
  res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(DONE))
}

function fastifyByHand(verifier: BillingVerifier): FastifyInstance {
  const app = Fastify()
  app.addContentTypeParser('application/jwt', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  app.post(PATH, async (request) => {
    await verifier.verifyAndParse(String(request.body))
    return DONE
  })
  return app
}

async function ready(app: { ready(): PromiseLike<unknown>; server: Server }): Promise<Server> {
  await app.ready()
  return app.server
}

/** Hono on Node, with its own server. */
export function serve(fetch: (request: Request) => Response | Promise<Response>): Server {
  return createAdaptorServer({ fetch }) as Server
}

/** Next's work around a route handler, as far as it matters here: a Web request over the socket's stream. */
function serveRequests(handle: (request: Request) => Promise<Response>): Server {
  return createServer(async (req, res) => {
    const headers = new Headers(
      Object.entries(req.headers).map(([name, value]): [string, string] => [name, String(value)]),
    )
    const body = Readable.toWeb(req) as ReadableStream<Uint8Array>
    const init: RequestInit & { duplex: 'half' } = { method: 'POST', headers, body, duplex: 'half' }
    const response = await handle(new Request(`http://${req.headers.host}${req.url}`, init))
    res.writeHead(response.status, Object.fromEntries(response.headers)).end(await response.text())
  })
}

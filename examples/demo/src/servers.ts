import 'reflect-metadata'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { createAdaptorServer } from '@hono/node-server'
import type { BillingEvent } from '@kinde-billing/core'
import * as fastifyAdapter from '@kinde-billing/fastify'
import * as honoAdapter from '@kinde-billing/hono'
import * as lambdaAdapter from '@kinde-billing/lambda'
import * as nestAdapter from '@kinde-billing/nest'
import * as nextAdapter from '@kinde-billing/next'
import * as nodeAdapter from '@kinde-billing/node'
import { NestFactory } from '@nestjs/core'
import Fastify from 'fastify'
import { Hono } from 'hono'
import { NextRequest } from 'next/server.js'

/** A real server on a free port of loopback, with the webhook at its URL. */
export interface AdapterServer {
  readonly name: string
  readonly url: string
  close(): Promise<void>
}

const PATH = '/webhooks/kinde'

/** Starts one server per adapter. `see` is called with every event that reaches a handler. */
export async function startServers(
  issuer: string,
  see: (adapter: string, event: BillingEvent) => void,
): Promise<AdapterServer[]> {
  const options = (adapter: string) => ({
    issuer,
    onEvent: (event: BillingEvent) => see(adapter, event),
    // the table shows every response
    log: false as const,
  })

  const fastify = Fastify()
  fastify.register(fastifyAdapter.kindeBilling({ path: PATH, ...options('fastify') }))
  await fastify.listen({ port: 0, host: '127.0.0.1' })

  const nest = await NestFactory.create(nestAdapter.kindeBilling({ path: PATH, ...options('nest') }), { logger: false })
  await nest.listen(0, '127.0.0.1')

  const hono = new Hono().post(PATH, honoAdapter.kindeBilling(options('hono')))
  const route = nextAdapter.kindeBilling(options('next'))
  const next = (request: Request) => route(nextRequest(request), { params: Promise.resolve({}) })

  return Promise.all([
    serve('node', createServer(nodeAdapter.kindeBilling(options('node')))),
    { name: 'fastify', url: `${urlOf(fastify.server)}${PATH}`, close: () => fastify.close() },
    serve('hono', webServer(hono.fetch)),
    serve('next', webServer(next)),
    { name: 'nest', url: `${urlOf(nest.getHttpServer())}${PATH}`, close: () => nest.close() },
    serve('lambda', createServer(invoking(lambdaAdapter.kindeBilling(options('lambda'))))),
  ])
}

/** Converts a request as Next.js does before it calls a route handler. */
function nextRequest({ url, method, headers, body }: Request): NextRequest {
  return new NextRequest(url, { method, headers, body, duplex: 'half' })
}

/** Calls a function as the URL of a function does. */
function invoking(handler: ReturnType<typeof lambdaAdapter.kindeBilling>): RequestListener {
  return async (req, res) => {
    const headers = Object.fromEntries(Object.entries(req.headers).map(([name, value]) => [name, value?.toString()]))
    const requestContext = { http: { method: req.method ?? '' } }
    const body = await text(req)
    const result = await handler({ headers, requestContext, body, isBase64Encoded: false })
    res.writeHead(result.statusCode, result.headers).end(result.body)
  }
}

function webServer(fetch: (request: Request) => Response | Promise<Response>): Server {
  const server = createAdaptorServer({ fetch, overrideGlobalObjects: false })
  if ('closeAllConnections' in server) return server
  throw new TypeError('expected a server of node:http')
}

async function serve(name: string, server: Server): Promise<AdapterServer> {
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  return {
    name,
    url: `${urlOf(server)}${PATH}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function urlOf(server: Server): string {
  const { port } = server.address() as AddressInfo
  return `http://127.0.0.1:${port}`
}

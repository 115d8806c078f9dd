import { createAdaptorServer } from '@hono/node-server'
import {
  type ConformanceOptions,
  type ConformanceServer,
  describeAdapter,
  listen,
} from '@kinde-billing/testing/conformance'
import { Hono, type MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { kindeBilling } from './index.js'

const PATH = '/webhooks/kinde'

const serve = (fetch: (request: Request) => Response | Promise<Response>, path = '/'): Promise<ConformanceServer> => {
  const server = createAdaptorServer({ fetch })
  if (!('closeAllConnections' in server)) throw new Error('not a server of node:http')
  return listen(server, path)
}

const behind =
  (...middleware: MiddlewareHandler[]) =>
  (options: ConformanceOptions): Promise<ConformanceServer> => {
    const app = new Hono()
    app.use(...middleware)
    app.all(PATH, kindeBilling(options))
    return serve(app.fetch, PATH)
  }

const reading = (read: (c: Parameters<MiddlewareHandler>[0]) => Promise<unknown>) =>
  behind(async (c, next) => {
    await read(c).catch(() => {})
    await next()
  })

describeAdapter('@kinde-billing/hono', {
  start: behind(async (_, next) => next()),
  consumers: {
    'text()': { start: reading((c) => c.req.text()), keepsBytes: true },
    'arrayBuffer()': { start: reading((c) => c.req.arrayBuffer()), keepsBytes: true },
    'blob()': { start: reading((c) => c.req.blob()), keepsBytes: true },
    'json(), which keeps the text': { start: reading((c) => c.req.json()), keepsBytes: true },
    'parseBody() of a type that is no form': { start: reading((c) => c.req.parseBody()), keepsBytes: true },
    'a clone': { start: reading((c) => c.req.raw.clone().text()), keepsBytes: true },
    'a clone that is not read': { start: reading(async (c) => c.req.raw.clone()), keepsBytes: true },
    'another request in its place': {
      start: reading(async (c) => {
        c.req.raw = new Request(c.req.raw)
      }),
      keepsBytes: true,
    },
    'another request in its place, at once': {
      start: behind((c, next) => {
        c.req.raw = new Request(c.req.raw)
        return next()
      }),
      keepsBytes: true,
    },
    'bodyLimit()': { start: behind(bodyLimit({ maxSize: 100_000 })), keepsBytes: true },
    'raw.text()': { start: reading((c) => c.req.raw.text()), keepsBytes: false },
    'raw.body that is read': { start: reading(async (c) => c.req.raw.body?.getReader().read()), keepsBytes: false },
    'json() of an older Hono, which keeps the value': {
      start: reading(async (c) => {
        c.req.bodyCache.json = c.req.raw.json()
        await c.req.bodyCache.json
      }),
      send: (token) => ({ contentType: 'application/json', body: JSON.stringify({ token }) }),
      keepsBytes: false,
    },
  },
})

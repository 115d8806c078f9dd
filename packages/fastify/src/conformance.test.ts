import { PassThrough, Readable } from 'node:stream'
import {
  type ConformanceOptions,
  type ConformanceServer,
  describeAdapter,
  listen,
} from '@kinde-billing/testing/conformance'
import Fastify, { type FastifyInstance } from 'fastify'
import { kindeBilling } from './index.js'

const PATH = '/webhooks/kinde'

const after =
  (prepare: (app: FastifyInstance) => void) =>
  async (options: ConformanceOptions): Promise<ConformanceServer> => {
    const app = Fastify()
    prepare(app)
    app.register(kindeBilling({ path: PATH, ...options }))
    await app.ready()
    return { ...(await listen(app.server, PATH)), close: () => app.close() }
  }

/** As fastify-raw-body does: it collects what Fastify's own parser reads, and goes on at once. */
const collectRawBody = (app: FastifyInstance): void => {
  app.addHook('preParsing', (request, _reply, payload, done) => {
    const chunks: Buffer[] = []
    payload.on('data', (chunk) => chunks.push(chunk))
    payload.on('end', () => Object.assign(request, { rawBody: Buffer.concat(chunks) }))
    done(null, payload)
  })
}

const drain = (app: FastifyInstance): void => {
  app.addHook('preParsing', (_request, _reply, payload, done) => {
    payload.on('end', () => done(null, payload)).resume()
  })
}

/** A hook may put another stream in the place of the body: a copy here. */
const copy = (app: FastifyInstance): void => {
  app.addHook('preParsing', (_request, _reply, payload, done) => done(null, payload.pipe(new PassThrough())))
}

describeAdapter('@kinde-billing/fastify', {
  start: after(() => {}),
  consumers: {
    'a JSON parser for everything': {
      start: after((app) => {
        app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) =>
          done(null, JSON.parse(String(body))),
        )
      }),
      keepsBytes: true,
    },
    'a parser of the application for application/jwt': {
      start: after((app) => {
        app.addContentTypeParser('application/jwt', { parseAs: 'string' }, (_request, _body, done) => done(null, {}))
      }),
      keepsBytes: true,
    },
    'a plugin that is still collecting rawBody': { start: after(collectRawBody), keepsBytes: true },
    'a hook that hands a copy on': { start: after(copy), keepsBytes: true },
    'a hook that reads it for itself': { start: after(drain), keepsBytes: false },
    'a hook that reads request.body': {
      start: after((app) => {
        app.addHook('preValidation', async ({ body }) => {
          if (body instanceof Readable) for await (const _ of body);
        })
      }),
      keepsBytes: false,
    },
  },
})

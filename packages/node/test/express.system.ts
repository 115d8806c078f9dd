import { createServer } from 'node:http'
import {
  type ConformanceOptions,
  type ConformanceServer,
  describeAdapter,
  listen,
} from '@kinde-billing/testing/conformance'
import express, { type RequestHandler } from 'express'
import { kindeBilling } from '../src/index.js'

const PATH = '/webhooks/kinde'

const behind =
  (...middleware: RequestHandler[]) =>
  (options: ConformanceOptions): Promise<ConformanceServer> => {
    const app = express()
    for (const one of middleware) app.use(one)
    app.all(PATH, kindeBilling(options))
    return listen(createServer(app), PATH)
  }

/** For every media type, as applications set it once they have seen Kinde's. */
const type = (): boolean => true
const quoted = (contentType: string) => (token: string) => ({ contentType, body: JSON.stringify(token) })
const inAnObject = (token: string) => ({ contentType: 'application/json', body: JSON.stringify({ token }) })

const keepRawBody: RequestHandler = (req, _res, next) => {
  const chunks: Buffer[] = []
  req.on('data', (chunk) => chunks.push(chunk))
  req.on('end', () => next(void Object.assign(req, { rawBody: Buffer.concat(chunks) })))
}

/** The well-known snippet that goes on at once: the text is still growing when the route begins. */
const collectRawBody: RequestHandler = (req, _res, next) => {
  const kept = Object.assign(req, { rawBody: '' })
  req.setEncoding('utf8')
  req.on('data', (chunk) => {
    kept.rawBody += chunk
  })
  next()
}

const drain: RequestHandler = (req, _res, next) => {
  req.on('end', next).resume()
}

/** What the parsers of Express 4 do to a body that is not theirs. */
const emptyBody: RequestHandler = (req, _res, next) => {
  req.body = {}
  next()
}

describeAdapter('@kinde-billing/node in Express 5', {
  start: behind(),
  consumers: {
    'json() and a type that is not its own': { start: behind(express.json()), keepsBytes: true },
    'json() and an object': { start: behind(express.json()), send: inAnObject, keepsBytes: false },
    'json({ strict: false }) and a quoted token': {
      start: behind(express.json({ strict: false })),
      send: quoted('application/json'),
      keepsBytes: false,
    },
    'json({ strict: false, type }) and a quoted token that is announced as a token': {
      start: behind(express.json({ strict: false, type })),
      send: quoted('application/jwt'),
      keepsBytes: false,
    },
    'urlencoded({ type })': { start: behind(express.urlencoded({ type })), keepsBytes: false },
    'text({ type })': { start: behind(express.text({ type })), keepsBytes: true },
    'raw({ type })': { start: behind(express.raw({ type })), keepsBytes: true },
    'a parser of Express 4 that did not want the body': { start: behind(emptyBody), keepsBytes: true },
    'a middleware that keeps rawBody': { start: behind(keepRawBody), keepsBytes: true },
    'a middleware that is still collecting rawBody': { start: behind(collectRawBody), keepsBytes: true },
    'a middleware that reads it for itself': { start: behind(drain), keepsBytes: false },
  },
})

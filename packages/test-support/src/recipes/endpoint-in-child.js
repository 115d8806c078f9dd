// Takes the place of `@kinde-billing/core/receiver` in an example whose endpoint is under test. Requests whose URL has
// `endpoint=<number>` are served by a real receiver with options of the test, whose functions are called in the test's
// process over one connection. All other requests are served as the example says.
import { connect } from 'node:net'
import { inspect } from 'node:util'
import * as real from './real.js'

export * from './real.js'

export function createBillingReceiver(options) {
  const own = once(() => real.createBillingReceiver(options))
  return {
    name: 'example',
    async receive(request) {
      const endpoint = await findEndpoint(findUrl(request.context))
      if (endpoint === undefined) return own().receive(request)
      const response = await endpoint.receiver().receive(request)
      await endpoint.reported()
      return response
    },
    redeliver: (...args) => own().redeliver(...args),
  }
}

export const createWebHandler = (options) => webHandler(once(() => real.createWebHandler(options)))
export const createLazyWebHandler = (options) => webHandler(once(() => real.createLazyWebHandler(options)))

function webHandler(own) {
  return async (request, context) => {
    const endpoint = await findEndpoint(request.url)
    if (endpoint === undefined) return own()(request, context)
    const response = await endpoint.webHandler()(request, context)
    await endpoint.reported()
    return response
  }
}

/** The URL of a request of Node, Express or Fastify. */
function findUrl({ req, request }) {
  return req?.originalUrl ?? req?.url ?? request.url
}

const endpoints = new Map()

async function findEndpoint(url) {
  const id = /endpoint=(\d+)/.exec(url)?.[1]
  if (id === undefined) return undefined
  // What the test has answered by now is known here before the receiver begins.
  await call('sync')
  const endpoint =
    endpoints.get(id) ?? call('describe', { endpoint: id }).then((options) => createEndpoint(id, options))
  endpoints.set(id, endpoint)
  return endpoint
}

function createEndpoint(endpoint, { values, functions, fixedNow, handled, schemas, issuerFails }) {
  const reports = new Set()
  const report = (method, args) => {
    const sent = call(method, { endpoint, ...args }).catch(() => {})
    reports.add(sent)
    void sent.then(() => reports.delete(sent))
  }
  const handle = (method) => (event, delivery) => {
    const { webhookId, receivedAt, signal } = delivery
    const id = nextId()
    signal.addEventListener('abort', () => report('abort', { call: id }))
    return call(method, { endpoint, claims: event.claims, webhookId, receivedAt }, id)
  }
  const available = {
    onEvent: handle('onEvent'),
    onOutcome: ({ event, error, ...outcome }) =>
      report('onOutcome', {
        ...outcome,
        claims: event?.claims,
        error: error && { code: error.code, message: error.message },
        inspected: inspect({ ...outcome, event, error }, { depth: 8, showHidden: true }),
      }),
    onWarning: (warning) => report('onWarning', { warning }),
    fetch: () => call('fetch', { endpoint }),
  }
  const options = {
    ...values,
    log: {
      warn: (line, details) => report('log', { line: `${line} ${inspect(details)}` }),
      error: (line, details) => report('log', { line: `${line} ${inspect(details)}` }),
    },
    ...Object.fromEntries(functions.filter((name) => name in available).map((name) => [name, available[name]])),
    ...(handled && { on: Object.fromEntries(handled.map((type) => [type, handle('on')])) }),
    ...(schemas && { dataSchemas: Object.fromEntries(schemas.map((type) => [type, remoteSchema(endpoint, type)])) }),
    ...(fixedNow !== undefined && { now: () => fixedNow }),
    ...(functions.includes('inbox') && { inbox: { once: () => call('once', { endpoint }) } }),
    ...(issuerFails && {
      issuer: () => {
        throw new Error(issuerFails)
      },
    }),
  }
  return {
    receiver: once(() => real.createBillingReceiver(options)),
    webHandler: once(() => real.createWebHandler(options)),
    /** Everything that the hooks were called with so far has reached the test. */
    reported: () => Promise.all(reports),
  }
}

function remoteSchema(endpoint, type) {
  const validate = (value) => call('validate', { endpoint, type, value })
  return { '~standard': { version: 1, vendor: 'conformance', validate } }
}

let lastId = 0
const nextId = () => ++lastId
const waiting = new Map()
const connection = once(() => {
  const socket = connect(Number(process.env.CONFORMANCE_PORT), '127.0.0.1')
  socket.setNoDelay(true)
  let rest = ''
  socket.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop()
    for (const line of lines) settle(JSON.parse(line))
  })
  return socket
})

function call(method, args = {}, id = nextId()) {
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject })
    connection().write(`${JSON.stringify({ id, method, args })}\n`)
  })
}

function settle({ id, thrown, value }) {
  const { resolve, reject } = waiting.get(id)
  waiting.delete(id)
  if (thrown) reject(revive(thrown))
  else resolve(value && revive(value))
}

/** A value of the test's process, as far as a receiver could tell it from another. */
function revive({ kind, value }) {
  if (kind === 'DiscardEvent') return new real.DiscardEvent(value)
  if (kind === 'Error') return new Error(value)
  if (kind === 'TypeError') return new TypeError(value)
  if (kind === 'Response') return new Response(null, { status: value })
  return value
}

function once(create) {
  let made
  return () => {
    made ??= create()
    return made
  }
}

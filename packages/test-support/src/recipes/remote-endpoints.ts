import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { inspect } from 'node:util'
import {
  type BillingEvent,
  decodeBillingEvent,
  KindeWebhookError,
  type KindeWebhookErrorCode,
} from '@kinde-billing/core'
import { type DeliveryOutcome, DiscardEvent, type HandlerDelivery } from '@kinde-billing/core/receiver'
import type { ConformanceOptions } from '@kinde-billing/testing/conformance'

/** The endpoints that a test has opened in an application which runs in a separate process. */
export interface RemoteEndpoints {
  /** The port to which `endpoint-in-child.js` connects. */
  readonly port: number
  /** Adds an endpoint. Returns the query that selects it in the application's URL. */
  open(options: ConformanceOptions): string
  close(): void
}

interface Call {
  readonly id: number
  readonly method: string
  readonly args: {
    readonly endpoint?: string
    /** The call to abort. */
    readonly call?: number
    readonly claims?: Record<string, unknown>
    readonly webhookId?: string
    readonly receivedAt?: string
    readonly outcome?: DeliveryOutcome['outcome']
    readonly status?: number
    readonly durationMs?: number
    readonly error?: { code: KindeWebhookErrorCode; message: string }
    readonly inspected?: string
    readonly warning?: { code: 'stale_keys'; message: string }
    readonly line?: string
    readonly type?: string
    readonly value?: unknown
  }
}

type Method = (options: ConformanceOptions, call: Call, running: Map<number, AbortController>) => unknown

/** What `endpoint-in-child.js` calls. */
const METHODS: Record<string, Method> = {
  sync: () => undefined,
  describe,
  onEvent: (options, call, running) => options.onEvent?.(eventOf(call), deliveryOf(call, running)),
  on(options, call, running) {
    const event = eventOf(call)
    const handler: unknown = options.on?.[event.type]
    return typeof handler === 'function' ? handler(event, deliveryOf(call, running)) : undefined
  },
  abort: (_, { args: { call } }, running) => running.get(call ?? 0)?.abort(),
  onOutcome: (options, call) => options.onOutcome?.(outcomeOf(call), deliveryOf(call, new Map())),
  onWarning: (options, { args: { warning } }) => warning && options.onWarning?.(warning),
  log: (_, { args: { line } }) => console.error(line),
  fetch: (options) =>
    options.fetch?.('http://127.0.0.1/', { headers: {}, redirect: 'manual', signal: new AbortController().signal }),
  validate: (options, { args: { type, value } }) =>
    Object.entries(options.dataSchemas ?? {})
      .find(([key]) => key === type)?.[1]
      ?.['~standard'].validate(value),
  once({ inbox }) {
    if (typeof inbox !== 'object') throw new Error('Only an inbox that is an object can be remote.')
    // the inboxes of the suite never run the work
    return Reflect.apply(inbox.once, inbox, [{}, () => Promise.reject(new Error('The work stays in the application.'))])
  },
}

/** Listens for applications whose endpoints get their options from this process. */
export async function startRemoteEndpoints(): Promise<RemoteEndpoints> {
  const endpoints: ConformanceOptions[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.setNoDelay(true))
    socket.on('error', () => {})
    const running = new Map<number, AbortController>()
    createInterface({ input: socket }).on('line', async (line) => {
      const call: Call = JSON.parse(line)
      const answer = await perform(endpoints[Number(call.args.endpoint)] ?? {}, call, running)
      socket.write(`${JSON.stringify({ id: call.id, ...answer })}\n`)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port')
  return {
    port: address.port,
    open: (options) => `endpoint=${endpoints.push(options) - 1}`,
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

async function perform(
  options: ConformanceOptions,
  call: Call,
  running: Map<number, AbortController>,
): Promise<{ value: unknown } | { thrown: unknown }> {
  try {
    const method = METHODS[call.method]
    if (method === undefined) throw new Error(`There is no method ${call.method}.`)
    return { value: toPortable(await method(options, call, running)) }
  } catch (error) {
    return { thrown: toPortable(error) }
  }
}

/** A value that `endpoint-in-child.js` revives, as far as a receiver could tell it from another. */
function toPortable(value: unknown): { kind: string; value?: unknown } {
  if (value instanceof DiscardEvent) return { kind: 'DiscardEvent', value: value.message }
  if (value instanceof TypeError) return { kind: 'TypeError', value: value.message }
  if (value instanceof Error) return { kind: 'Error', value: value.message }
  if (value instanceof Response) return { kind: 'Response', value: value.status }
  return { kind: 'value', value }
}

/** Options that are called here. */
const CALLED = ['onEvent', 'onOutcome', 'onWarning', 'fetch', 'inbox']

/** The options as JSON, and the names of those that are called here. */
function describe({ on, dataSchemas, issuer, now, ...others }: ConformanceOptions): object {
  const given = Object.entries(others).filter(([, value]) => value !== undefined)
  const isCalled = ([name, value]: [string, unknown]): boolean => CALLED.includes(name) && value !== false
  const values = given.filter((entry) => !isCalled(entry))
  const unknown = values.find(([, value]) => typeof value === 'function')
  if (unknown) throw new Error(`The option ${unknown[0]} cannot be remote.`)
  return {
    values: { ...Object.fromEntries(values), ...(typeof issuer === 'string' && { issuer }) },
    functions: given.filter(isCalled).map(([name]) => name),
    fixedNow: now?.(),
    handled: on && Object.keys(on),
    schemas: dataSchemas && Object.keys(dataSchemas),
    issuerFails: typeof issuer === 'function' ? messageOf(issuer) : undefined,
  }
}

function messageOf(issuer: (context: unknown) => string): string {
  let result: string
  try {
    result = issuer(undefined)
  } catch (error) {
    return String(error)
  }
  throw new Error(`An issuer function that returns ${result} cannot be remote.`)
}

function eventOf({ args: { claims = {} } }: Call): BillingEvent {
  return decodeBillingEvent(claims)
}

function deliveryOf({ id, args }: Call, running: Map<number, AbortController>): HandlerDelivery<unknown, undefined> {
  const controller = new AbortController()
  running.set(id, controller)
  return {
    webhookId: args.webhookId,
    receivedAt: new Date(args.receivedAt ?? 0),
    context: undefined,
    signal: controller.signal,
    tx: undefined,
    redelivery: undefined,
  }
}

function outcomeOf(call: Call): DeliveryOutcome {
  const { outcome = 'internal_error', status = 0, durationMs = 0, claims, error, inspected } = call.args
  const received: DeliveryOutcome = {
    outcome,
    status,
    durationMs,
    event: claims && eventOf(call),
    error: error && new KindeWebhookError(error.code, error.message),
  }
  // an inspection here shows what it showed there
  return Object.assign(received, { [inspect.custom]: () => inspected })
}

import { Buffer } from 'node:buffer'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AdapterUnderTest } from '@kinde-billing/testing/conformance'
import type { LambdaContext, LambdaHttpEvent, LambdaHttpResult } from '../src/index.js'
import { FUNCTION_URL, HTTP_API, HTTP_API_V1, LOAD_BALANCER, LOAD_BALANCER_MULTI_VALUE, REST_API } from './events.js'

type LambdaFunction = (event: LambdaHttpEvent, context: LambdaContext) => Promise<LambdaHttpResult>

/** The part of AWS in front of the function. */
export interface Origin {
  toEvent(req: IncomingMessage, body: Buffer): LambdaHttpEvent
  /** True if it takes `multiValueHeaders` only. */
  readonly takesLists?: boolean
  /** What it decides before the function is called. */
  readonly platformAnswers?: AdapterUnderTest['platformAnswers']
  /** True if it needs `statusDescription`. */
  readonly takesDescription?: boolean
}

const TEXT = /^(?:text\/|application\/(?:json|javascript|xml)\b)/

/** Origins encode what is not text, or is compressed. */
function encode({ headers }: IncomingMessage, body: Buffer): { body: string; isBase64Encoded: boolean } {
  const isText = headers['content-encoding'] === undefined && TEXT.test(headers['content-type'] ?? '')
  return { body: body.toString(isText ? 'utf8' : 'base64'), isBase64Encoded: !isText }
}

function toEntries(req: IncomingMessage): [name: string, values: string[]][] {
  return Object.entries(req.headersDistinct).map(([name, values = []]) => [name, values])
}

const toJoined = (req: IncomingMessage) =>
  Object.fromEntries(toEntries(req).map(([name, values]) => [name, values.join(',')]))
const toLast = (req: IncomingMessage) =>
  Object.fromEntries(toEntries(req).map(([name, values]) => [name, values.at(-1)]))
const toLists = (req: IncomingMessage) => Object.fromEntries(toEntries(req))

/** REST APIs pass on the names as they were sent. Here each starts with a capital, as many clients send it. */
function capitalize<Value>(headers: Record<string, Value>): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.charAt(0).toUpperCase() + name.slice(1), value]),
  )
}

const toFormat2 =
  (sample: typeof HTTP_API | typeof FUNCTION_URL) =>
  (req: IncomingMessage, body: Buffer): LambdaHttpEvent => ({
    ...sample,
    headers: toJoined(req),
    requestContext: {
      ...sample.requestContext,
      http: { ...sample.requestContext.http, method: req.method ?? '' },
    },
    ...(body.length > 0 ? encode(req, body) : { body: undefined, isBase64Encoded: false }),
  })

const toFormat1 =
  (sample: typeof REST_API, encodeBody: typeof encode) =>
  (req: IncomingMessage, body: Buffer): LambdaHttpEvent => ({
    ...sample,
    httpMethod: req.method ?? '',
    headers: capitalize(toLast(req)),
    multiValueHeaders: capitalize(toLists(req)),
    ...(body.length > 0 ? encodeBody(req, body) : { body: null, isBase64Encoded: false }),
  })

/** An HTTP API with payload format 2.0, the default of API Gateway. */
export const HTTP_API_ORIGIN: Origin = { toEvent: toFormat2(HTTP_API) }

/** Every other origin, by its name. */
export const OTHER_ORIGINS: Readonly<Record<string, Origin>> = {
  'a function URL': { toEvent: toFormat2(FUNCTION_URL) },
  'an HTTP API with payload format 1.0': { toEvent: toFormat1(HTTP_API_V1, encode) },
  'a REST API': {
    toEvent: toFormat1(REST_API, (_req, body) => ({ body: body.toString('utf8'), isBase64Encoded: false })),
  },
  'a REST API with binary media types': {
    toEvent: toFormat1(REST_API, (_req, body) => ({ body: body.toString('base64'), isBase64Encoded: true })),
  },
  'a load balancer': {
    toEvent: (req, body) => ({
      ...LOAD_BALANCER,
      httpMethod: req.method ?? '',
      headers: toLast(req),
      ...encode(req, body),
    }),
    takesDescription: true,
    platformAnswers: {
      'ignores a webhook-id in two lines': {
        because: 'A load balancer passes on the last of several headers of one name.',
        gets: ['msg_2', true],
      },
    },
  },
  'a load balancer with multi-value headers': {
    toEvent: (req, body) => ({
      ...LOAD_BALANCER_MULTI_VALUE,
      httpMethod: req.method ?? '',
      multiValueHeaders: toLists(req),
      ...encode(req, body),
    }),
    takesLists: true,
    takesDescription: true,
  },
}

const INVOCATION_MS = 60_000

/** Creates an HTTP server that calls the function as the origin does. */
export function createBridge(handler: LambdaFunction, origin: Origin): Server {
  const invoke = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of req) chunks.push(chunk)
    const endsAt = performance.now() + INVOCATION_MS
    const context = { getRemainingTimeInMillis: () => endsAt - performance.now() }
    const result = await handler(origin.toEvent(req, Buffer.concat(chunks)), context)
    const headers = origin.takesLists ? result.multiValueHeaders : result.headers
    const isDescribed = result.statusDescription?.startsWith(`${result.statusCode} `) === true
    if (headers === undefined || isDescribed !== (origin.takesDescription === true)) throw new Error('malformed result')
    res.writeHead(result.statusCode, headers)
    res.end(Buffer.from(result.body, result.isBase64Encoded ? 'base64' : 'utf8'))
  }
  return createServer((req, res) => {
    invoke(req, res).catch(() => {
      // as AWS answers a function that fails
      if (!res.destroyed) res.writeHead(502).end('{"message": "Internal server error"}')
    })
  })
}

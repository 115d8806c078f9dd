import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { compactVerify, createRemoteJWKSet, errors } from 'jose'
import type { PlantedEndpoint } from './planted-endpoint.js'

/** The unusual trait of an endpoint that is right in every respect. */
export interface Unusual {
  /** Body of the answer 200. Default: `ok`. */
  readonly successBody?: (outcome: 'processed' | 'duplicate' | 'unsupported') => string
  /** Status of what is not authentic. Default: 401. */
  readonly refusal?: number
  /** Body of every other answer. */
  readonly errorBody?: string
  /** Headers of every answer. */
  readonly headers?: { readonly [name: string]: string }
  /** Time before each answer, as of a far network. */
  readonly latencyMs?: number
  /** It has had its keys for a while. */
  readonly isWarm?: boolean
  /** Time before the first answer. */
  readonly coldStartMs?: number
  /** Requests that are handled at the same time. The others wait, or are answered 503. */
  readonly room?: { readonly size: number; readonly rest: 'waits' | 'is answered 503' | 'is answered 429' }
  /** The handler's time. */
  readonly handlerMs?: () => number
  /** The event is stored, acknowledged, and handled by a worker that tries again after a failure. */
  readonly isQueue?: boolean
  /** The first attempt of each event fails. */
  readonly failsAtFirst?: boolean
  /** The handler obeys `data.doctor`. */
  readonly isCooperating?: boolean
  /** A duplicate waits for the attempt that is running. */
  readonly sharesAnswers?: boolean
  /** Number of events that are remembered. */
  readonly remembers?: number
  /** GET is answered 200, for a load balancer. */
  readonly isHealthCheck?: boolean
  /** Headers that must be there. */
  readonly requires?: readonly string[]
  /** Media types that are accepted. */
  readonly mediaTypes?: RegExp
  /** Every answer is written as HTTP/1.0, on a connection that is then closed. */
  readonly isHttp10?: boolean
}

class Refusal extends Error {
  constructor(readonly status: number) {
    super(`refused with ${status}`)
  }
}

interface Claims {
  readonly [claim: string]: unknown
  readonly data?: { readonly doctor?: { readonly delayMs?: number; readonly fail?: boolean } }
}

/** Starts an endpoint that is right, and unusual. */
export async function startUnusual(unusual: Unusual, issuer: string): Promise<PlantedEndpoint> {
  const handler = createHandler(unusual)
  const enter = createRoom(unusual.room)
  const receive = await createReceive(unusual, issuer, handler.handle)
  let isCold = true
  const server = createServer({ requestTimeout: 400, connectionsCheckingInterval: 50 }, async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://unusual')
    if (pathname === '/ran') return void response.end(String(handler.countRuns(searchParams.get('event_id'))))
    if (isCold) await sleep(unusual.coldStartMs ?? 0)
    isCold = false
    await sleep(unusual.latencyMs ?? 0)
    const leave = await enter()
    const answer = leave === undefined ? 0 : await receive(request).catch(toStatus)
    leave?.()
    if (!request.complete) response.shouldKeepAlive = false
    if (answer === 0 && unusual.room?.rest === 'is answered 429')
      return void response.writeHead(429, { 'retry-after': '1' }).end()
    write(unusual, response, answer === 0 ? 503 : answer)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const close = async (): Promise<void> => {
    handler.stop()
    server.close().closeAllConnections()
  }
  return { url: `${origin}/webhooks/kinde`, ranUrl: `${origin}/ran`, close }
}

const toStatus = (error: unknown): number => (error instanceof Refusal ? error.status : 500)

function write({ errorBody = '', headers = {}, isHttp10 }: Unusual, response: ServerResponse, answer: string | number) {
  const [status, body] = typeof answer === 'string' ? [200, answer] : [answer, errorBody]
  if (!isHttp10) return void response.writeHead(status, headers).end(body)
  response.socket?.end(`HTTP/1.0 ${status} \r\n\r\n${body}`)
}

/** Returns a function that waits for room and gives a function that makes room again. */
function createRoom(room: Unusual['room']): () => Promise<(() => void) | undefined> {
  let inside = 0
  const waiting: (() => void)[] = []
  const leave = (): void => {
    inside -= 1
    waiting.shift()?.()
  }
  return async () => {
    if (room !== undefined && inside >= room.size) {
      if (room.rest !== 'waits') return undefined
      await new Promise<void>((resolve) => waiting.push(resolve))
    }
    inside += 1
    return leave
  }
}

async function createReceive(unusual: Unusual, issuer: string, handle: (claims: Claims) => Promise<void>) {
  const verify = await createVerify(issuer, unusual)
  const { successBody = () => 'ok' } = unusual
  const done = new Set<string>()
  const running = new Map<string, Promise<void>>()
  return async (request: IncomingMessage): Promise<string> => {
    if (request.method === 'GET' && unusual.isHealthCheck) return 'healthy'
    if (request.method !== 'POST') throw new Refusal(405)
    if (unusual.requires?.some((name) => request.headers[name] === undefined)) throw new Refusal(400)
    const claims = await verify(await readToken(request, unusual))
    if (typeof claims['type'] !== 'string' || typeof claims['event_id'] !== 'string') throw new Refusal(400)
    if (!/^customer\.(?:agreement|invoice|meter|payment|plan)_(?!created$)|agreement_created$/.test(claims['type']))
      return successBody('unsupported')
    if (Date.now() - Date.parse(String(claims['timestamp'])) > 72 * 3_600_000) throw new Refusal(400)
    const id = claims['event_id']
    if (done.has(id)) return successBody('duplicate')
    const other = running.get(id)
    if (other !== undefined) {
      if (!unusual.sharesAnswers) throw new Refusal(409)
      await other
      return successBody('duplicate')
    }
    const run = handle(claims).finally(() => running.delete(id))
    running.set(id, run)
    await run
    done.add(id)
    if (done.size > (unusual.remembers ?? Number.POSITIVE_INFINITY)) done.delete([...done][0] ?? '')
    return successBody('processed')
  }
}

async function readToken(request: IncomingMessage, { mediaTypes }: Unusual): Promise<string> {
  const type = request.headers['content-type'] ?? ''
  if (mediaTypes !== undefined && !mediaTypes.test(type)) throw new Refusal(415)
  if (type.includes('form') || request.headers['content-encoding'] !== undefined) throw new Refusal(415)
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += chunk.length
    if (size > 1024 * 1024) throw new Refusal(413)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

/** A fraction of jose's half minute. */
const COOLDOWN_MS = 500

async function createVerify(
  issuer: string,
  { refusal = 401, isWarm }: Unusual,
): Promise<(token: string) => Promise<Claims>> {
  const keys = createRemoteJWKSet(new URL('/.well-known/jwks', issuer), { cooldownDuration: COOLDOWN_MS })
  if (isWarm) {
    await keys.reload()
    await sleep(COOLDOWN_MS)
  }
  return async (token) => {
    const { payload } = await compactVerify(token, keys, { algorithms: ['RS256'] }).catch((error: unknown) => {
      const isOutage = !(error instanceof errors.JOSEError) || /^Expected 200/.test(error.message)
      throw new Refusal(isOutage ? 503 : refusal)
    })
    const claims = JSON.parse(new TextDecoder().decode(payload))
    if (['azp', 'sub', 'aud'].some((name) => name in claims)) throw new Refusal(refusal)
    return claims
  }
}

/** Runs at once, or later from a queue that tries again. */
function createHandler({ handlerMs = () => 0, isQueue, failsAtFirst, isCooperating }: Unusual) {
  const runs = new Map<unknown, number>()
  let isStopped = false
  const run = async ({ event_id, data }: Claims): Promise<void> => {
    const count = (runs.get(event_id) ?? 0) + 1
    runs.set(event_id, count)
    const asked = isCooperating ? data?.doctor : undefined
    await sleep(asked?.delayMs ?? handlerMs())
    if ((failsAtFirst && count === 1) || asked?.fail) throw new Error('the handler fails')
  }
  const work = async (claims: Claims): Promise<void> => {
    for (let pauseMs = 60; !isStopped; pauseMs *= 2) {
      await sleep(pauseMs)
      if (
        await run(claims).then(
          () => true,
          () => false,
        )
      )
        return
    }
  }
  return {
    handle: async (claims: Claims): Promise<void> => {
      if (isQueue) void work(claims)
      else await run(claims)
    },
    countRuns: (id: unknown): number => runs.get(id) ?? 0,
    stop: () => {
      isStopped = true
    },
  }
}

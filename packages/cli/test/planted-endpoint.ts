import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import {
  type CryptoKey,
  compactVerify,
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeProtectedHeader,
  errors,
  exportSPKI,
  importJWK,
  type JWK,
  type JWTVerifyGetKey,
} from 'jose'

/** A fault of an endpoint written by hand, or an unusual trait that is no fault. */
export type Plant =
  | Trait
  | 'HS256 with the public key'
  | 'jwk from the header'
  | 'unknown kid let in'
  | 'everything let in without keys'
  | 'failure answered 200'
  | '200 before the handler'
  | '200 before the handler, duplicates at once'
  | 'keys cached forever'
  | 'ids without case'
  | 'three marks'
  | 'handler never runs'
  | 'redirect to sign-in'
  | 'sign-in page'
  | 'JSON parser with error pages'
  | '200 on an outage'
  | 'everything ignored'
  | 'JSON media type required'
  | '400 to unknown types'
  | 'JSON parser for every body'
  | 'JSON parser for application/json'
  | 'JSON parser that wants a member'
  | 'decode without verification'
  | "keys from the token's iss"
  | 'access token accepted'
  | 'webhook-id, after verification'
  | 'webhook-id, before verification'
  | 'marked before the handler'
  | '200 while at work'
  | 'five-minute window'
  | '204 for success'
  | '401 on an outage'
  | 'a failed fetch is kept'
  | 'iss required'
  | 'no inbox'
  | 'duplicates refused'
  | 'one type refused'
  | 'any method'
  | 'forms'
  | 'gunzips'
  | 'no limit'
  | 'no body timeout'
  | 'first piece only'
  | 'stops at PUT'

/** Unusual, but right. */
export type Trait = 'rate limit' | 'forgeries acknowledged' | 'duplicates share an answer'

/** How the endpoint's handler behaves, and what its answers show. */
export interface Handling {
  /** Duplicates get another answer. */
  readonly isTelling?: boolean
  /** Every answer has a text of its own. */
  readonly isRandom?: boolean
  /** Every run takes this long. */
  readonly delayMs?: number
  /** Every run fails, or the first of each event. */
  readonly fails?: 'always' | 'at first'
  /** It obeys `data.doctor`. */
  readonly isCooperating?: boolean
  /** Runs that fail are not counted. */
  readonly countsSuccesses?: boolean
}

export interface PlantedEndpoint {
  readonly url: string
  readonly ranUrl: string
  close(): Promise<void>
}

interface Claims {
  readonly [claim: string]: unknown
  readonly type?: unknown
  readonly event_id?: unknown
  readonly timestamp?: unknown
  readonly data?: { readonly doctor?: { readonly delayMs?: number; readonly fail?: boolean } } | null
}

class Refusal extends Error {
  constructor(readonly status: number) {
    super(`refused with ${status}`)
  }
}

/** Starts an endpoint as people write them, right except for the plant. */
export async function startPlanted(
  plant: Plant | undefined,
  issuer: string,
  handling: Handling = {},
): Promise<PlantedEndpoint> {
  const attempts = new Map<unknown, number>()
  const runs = new Map<unknown, number>()
  const verify = createVerify(plant, issuer)
  const once = createOnce(plant, handling)
  const handle = async ({ event_id, data }: Claims): Promise<void> => {
    const count = (attempts.get(event_id) ?? 0) + 1
    attempts.set(event_id, count)
    if (!handling.countsSuccesses) runs.set(event_id, count)
    const asked = handling.isCooperating ? data?.doctor : undefined
    await sleep(handling.delayMs ?? asked?.delayMs ?? 0)
    if (handling.fails === 'always' || (handling.fails === 'at first' && count === 1) || asked?.fail)
      throw new Error('the handler fails')
    if (handling.countsSuccesses) runs.set(event_id, (runs.get(event_id) ?? 0) + 1)
  }

  const isLimited = createRateLimit(plant)
  const receive = async (request: IncomingMessage): Promise<string> => {
    if (isLimited()) throw new Refusal(429)
    if (plant === 'redirect to sign-in') throw new Refusal(307)
    if (request.method === 'PUT' && plant === 'stops at PUT') server.close().closeAllConnections()
    if (request.method !== 'POST' && plant !== 'any method') throw new Refusal(405)
    const webhookId = String(request.headers['webhook-id'])
    const token = await readToken(request, plant)
    if (plant === 'webhook-id, before verification' && once.isDone(webhookId)) return 'ok'
    const claims = await verify(token)
    if (typeof claims.type !== 'string' || typeof claims.event_id !== 'string') throw new Refusal(400)
    if (plant === 'handler never runs') return 'ok'
    if (plant === 'everything ignored') return '{"status":"ignored"}'
    if (!isBilling(claims.type)) {
      if (plant === '400 to unknown types') throw new Refusal(400)
      return 'ok'
    }
    if (plant === 'one type refused' && claims.type === 'customer.invoice_overdue') throw new Refusal(422)
    const age = Date.now() - Date.parse(String(claims.timestamp))
    if (age > (plant === 'five-minute window' ? 5 : 72 * 60) * 60_000) throw new Refusal(400)
    const id = plant === 'ids without case' ? claims.event_id.toLowerCase() : claims.event_id
    const key = plant?.startsWith('webhook-id') ? webhookId : id
    return once.run(key, () => handle(claims))
  }

  const requestTimeout = plant === 'no body timeout' || plant === 'no limit' ? 0 : 300
  const server = createServer({ requestTimeout, connectionsCheckingInterval: 50 }, async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://planted')
    if (pathname === '/ran') return void response.end(String(runs.get(searchParams.get('event_id')) ?? 0))
    const answer = await receive(request).catch((error: unknown) => {
      const status = error instanceof Refusal ? error.status : 500
      return (status === 401 && plant === 'forgeries acknowledged') ||
        (status === 500 && plant === 'failure answered 200')
        ? 'dropped'
        : status
    })
    if (!request.complete) response.shouldKeepAlive = false
    if (answer === 307) response.writeHead(307, { location: '/login?next=%2F' }).end()
    else if (plant === 'sign-in page') response.writeHead(200, { 'content-type': 'text/html' }).end(SIGN_IN_PAGE)
    else if (answer === 503 && plant === '200 on an outage') response.writeHead(200).end('dropped')
    else if (answer === 400 && plant === 'JSON parser with error pages') response.writeHead(400).end(ERROR_PAGE)
    else if (typeof answer === 'number') response.writeHead(answer, answer === 429 ? { 'retry-after': '1' } : {}).end()
    else if (plant === '204 for success') response.writeHead(204).end()
    else response.writeHead(200).end(handling.isRandom ? `${answer} ${randomText()}` : answer)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url: `${origin}/webhooks/kinde`, ranUrl: `${origin}/ran`, close }
}

const randomText = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(15))).toString('base64url')

const ERROR_PAGE = '<!DOCTYPE html><title>Error</title><pre>Bad Request</pre>'
const SIGN_IN_PAGE = '<!doctype html><title>Sign in</title><form></form>'

/** Lets 40 requests a second through. */
function createRateLimit(plant: Plant | undefined): () => boolean {
  let [count, since] = [0, performance.now()]
  return () => {
    if (plant !== 'rate limit') return false
    if (performance.now() - since > 1000) [count, since] = [0, performance.now()]
    count += 1
    return count > 40
  }
}

const isBilling = (type: string): boolean =>
  /^customer\.(?:agreement|invoice|meter|payment|plan)_/.test(type) && type !== 'customer.plan_created'

/** The body as text, and what stands between it and the token. */
async function readToken(request: IncomingMessage, plant: Plant | undefined): Promise<string> {
  const type = request.headers['content-type'] ?? ''
  if (type.includes('form') && plant !== 'forms') throw new Refusal(415)
  if (!type.includes('json') && plant === 'JSON media type required') throw new Refusal(415)
  const isGzipped = request.headers['content-encoding'] === 'gzip'
  if (isGzipped && plant !== 'gunzips') throw new Refusal(415)
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += chunk.length
    if (size > 1024 * 1024 && plant !== 'no limit') throw new Refusal(413)
    chunks.push(chunk)
    if (plant === 'first piece only') break
  }
  const body = isGzipped ? gunzipSync(Buffer.concat(chunks)).toString() : Buffer.concat(chunks).toString()
  const parses =
    plant === 'JSON parser for every body' ||
    plant === 'JSON parser with error pages' ||
    plant === 'JSON parser that wants a member'
      ? true
      : plant === 'JSON parser for application/json' && type.includes('json')
  if (!parses) return body
  const parsed = parseJson(body)
  return String(plant === 'JSON parser that wants a member' ? parsed['token'] : parsed)
}

function parseJson(body: string): { [member: string]: unknown } {
  try {
    return JSON.parse(body)
  } catch {
    throw new Refusal(400)
  }
}

/** Checks the signature, and that the token is not another one of the tenant's. */
function createVerify(plant: Plant | undefined, issuer: string): (token: string) => Promise<Claims> {
  // a fraction of jose's half minute
  const getKeys = (url: string) => createRemoteJWKSet(new URL('/.well-known/jwks', url), { cooldownDuration: 500 })
  const keys = plant === 'keys cached forever' ? createCachedKeys(issuer) : getKeys(issuer)
  let kept: unknown
  return async (token) => {
    try {
      const untrusted = decode(token)
      const header = decodeProtectedHeader(token)
      if (plant === 'decode without verification') return untrusted
      if (plant === 'HS256 with the public key' && header.alg === 'HS256') {
        const pem = await exportSPKI((await importJWK((await fetchKeys(issuer))[0] ?? {}, 'RS256')) as CryptoKey)
        await compactVerify(token, new TextEncoder().encode(pem))
        return untrusted
      }
      if (plant === 'jwk from the header' && header.jwk !== undefined) {
        await compactVerify(token, await importJWK(header.jwk, 'RS256'))
        return untrusted
      }
      if (kept !== undefined) throw kept
      const from = plant === "keys from the token's iss" ? getKeys(String(untrusted['iss'])) : keys
      await compactVerify(token, from, { algorithms: ['RS256'] })
      if (plant !== 'access token accepted' && ['azp', 'sub', 'aud'].some((name) => name in untrusted))
        throw new Refusal(401)
      if (plant === 'iss required' && untrusted['iss'] !== issuer) throw new Refusal(401)
      return untrusted
    } catch (error) {
      if (plant === 'unknown kid let in' && error instanceof errors.JWKSNoMatchingKey) return decode(token)
      const isOutage = !(error instanceof Refusal) && isFetchFailure(error)
      if (isOutage && plant === 'everything let in without keys') return decode(token)
      if (isOutage && plant === 'a failed fetch is kept') kept = error
      throw new Refusal(isOutage && plant !== '401 on an outage' ? 503 : 401)
    }
  }
}

async function fetchKeys(issuer: string): Promise<JWK[]> {
  const response = await fetch(new URL('/.well-known/jwks', issuer))
  if (!response.ok) throw new TypeError('fetch failed')
  const { keys } = (await response.json()) as { keys: JWK[] }
  return keys
}

/** Fetches the keys once, and never again. */
function createCachedKeys(issuer: string): JWTVerifyGetKey {
  let cached: JWK[] | undefined
  return async (header, token) => {
    cached ??= await fetchKeys(issuer)
    return createLocalJWKSet({ keys: cached })(header, token)
  }
}

/** jose says of an answer other than 200 that it expected one, and passes on what fetch throws. */
function isFetchFailure(error: unknown): boolean {
  return (error instanceof errors.JOSEError && /^Expected 200/.test(error.message)) || error instanceof TypeError
}

function decode(token: string): Claims {
  try {
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  } catch {
    throw new Refusal(401)
  }
}

/** Claims an event, runs the handler, and marks the event as done. */
function createOnce(plant: Plant | undefined, { isTelling = false }: Handling) {
  const done = new Set<string>()
  const running = new Map<string, Promise<void>>()
  const mark = (key: string): void => {
    done.add(key)
    if (plant === 'three marks' && done.size > 3) done.delete([...done][0] ?? '')
  }
  return {
    isDone: (key: string): boolean => done.has(key),
    async run(key: string, work: () => Promise<void>): Promise<string> {
      if (done.has(key) && plant === 'duplicates refused') throw new Refusal(422)
      if (done.has(key) && plant !== 'no inbox') return isTelling ? 'duplicate' : 'ok'
      const other = running.get(key)
      if (other !== undefined && plant === '200 while at work') return 'ok'
      if (other !== undefined && plant === 'duplicates share an answer') return other.then(() => 'ok')
      const isExclusive = plant !== 'no inbox' && plant !== '200 before the handler, duplicates at once'
      if (other !== undefined && isExclusive) throw new Refusal(409)
      if (plant === 'marked before the handler') mark(key)
      const run = work()
        .then(() => mark(key))
        .finally(() => running.delete(key))
      running.set(key, run)
      if (plant?.startsWith('200 before the handler')) run.catch(() => {})
      else await run
      return 'ok'
    },
  }
}

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { assertKnownOptions, assertObject, invalidConfiguration } from '@kinde-billing/core/internal'
import { parsePort } from '../port.js'
import type { Refusal } from './answers.js'
import { createFaultQueue, type FaultOptions, fail, type ManagementFault } from './faults.js'
import { OPERATIONS, type Operation, Refused } from './operations.js'
import { BODY_MEMBERS, QUERY_PARAMETERS } from './parameters.js'
import type { TestTenant } from './records.js'
import { defaultEventTypes } from './schemas.js'
import { createTestTokens } from './tokens.js'

/** Options of {@link startTestManagementApi}. */
export interface TestManagementApiOptions extends Partial<TestTenant> {
  /** Port on 127.0.0.1. Default: 0, a free port. */
  readonly port?: number | undefined
  /** The most entries that a page holds, whatever a client asks for. Default: 500. */
  readonly maxPageSize?: number | undefined
  /** The most webhooks that the plan allows; Kinde's free plan has 1. Default: unlimited. */
  readonly maxWebhooks?: number | undefined
  /** The life of a token, in seconds. Default: 3600. */
  readonly tokenLifeSeconds?: number | undefined
}

const OPTIONS: readonly (keyof TestManagementApiOptions)[] = [
  'port',
  'maxPageSize',
  'maxWebhooks',
  'tokenLifeSeconds',
  'webhooks',
  'eventTypes',
  'events',
  'users',
  'organizations',
  'agreements',
  'entitlements',
  'plans',
  'usage',
]

/** A request that was received. */
export interface RecordedRequest {
  /** The HTTP method. */
  readonly method: string
  /** The path without its query. */
  readonly path: string
  /** The query parameters. */
  readonly query: { readonly [name: string]: string | undefined }
  /** The JSON body, if there was one. */
  readonly body: { readonly [member: string]: unknown }
  /** The status of the answer; `undefined` if the connection was cut. */
  readonly status: number | undefined
}

/** Kinde's Management API on loopback. */
export interface TestManagementApi {
  /** Pass these to `createManagementClient`. */
  readonly credentials: Readonly<Record<'domain' | 'clientId' | 'clientSecret', string>>
  /** The same as environment variables. */
  readonly env: Readonly<
    Record<'KINDE_DOMAIN' | 'KINDE_MANAGEMENT_CLIENT_ID' | 'KINDE_MANAGEMENT_CLIENT_SECRET', string>
  >
  /** The tenant's records: read and change them at any time. */
  readonly tenant: TestTenant
  /** The scopes of the application: new tokens have them. Default: all that the API knows. */
  readonly scopes: Set<string>
  /** How many tokens were issued. */
  readonly tokensIssued: number
  /** Every request to the API, in order. Token requests are not listed. */
  readonly requests: readonly RecordedRequest[]
  /** Issues that many of the next tokens without scopes, which has happened on Kinde's side. */
  issueTokensWithoutScopes(count: number): void
  /** Refuses every token issued so far with 401. */
  revokeTokens(): void
  /** Lets requests fail. */
  failNext(fault: ManagementFault, options?: FaultOptions): void
  /** Removes all faults that are waiting. */
  clearFaults(): void
  /** Stops serving and closes open connections. */
  close(): Promise<void>
}

const CLIENT_ID = 'test_client_id'
const CLIENT_SECRET = 'test_client_secret_4f1c2b'
const UNLIMITED = Number.MAX_SAFE_INTEGER

/**
 * Starts Kinde's Management API on loopback, for tests of setup and sync code. It refuses parameters that Kinde's document
 * does not have, and knows the operations that `@kinde-billing/management` uses.
 *
 * @param options What the tenant holds and allows. Default: all event types, and nothing else.
 * @returns the running API. It rejects if the port is taken.
 * @throws {KindeWebhookError} `invalid_configuration`: an option that is unknown or wrong.
 *
 * @example
 * ```ts
 * import { createManagementClient } from '@kinde-billing/management'
 * import { startTestManagementApi } from '@kinde-billing/testing/management'
 *
 * const kinde = await startTestManagementApi({ maxWebhooks: 1 })
 * const client = createManagementClient(kinde.credentials)
 *
 * kinde.failNext({ status: 429, resetSeconds: 1 })
 * await client.webhooks.ensure({ endpoint: 'https://app.example/webhooks/kinde' })
 * console.log(kinde.tenant.webhooks, kinde.tokensIssued)
 *
 * await kinde.close()
 * ```
 */
export async function startTestManagementApi(options: TestManagementApiOptions = {}): Promise<TestManagementApi> {
  assertKnownOptions('startTestManagementApi', options, OPTIONS)
  const { maxPageSize = 500, maxWebhooks = UNLIMITED, tokenLifeSeconds = 3600, ...given } = options
  assertLimits({ maxPageSize, maxWebhooks, tokenLifeSeconds })
  const port = parsePort(options.port)
  const tenant = createTenant(given)
  const scopes = new Set(Object.values(OPERATIONS).map(({ scope }) => scope))
  const tokens = createTestTokens()
  const faults = createFaultQueue()
  const requests: RecordedRequest[] = []
  let tokensWithoutScopes = 0
  let domain = ''

  function issueToken(body: string): Answer {
    const form = new URLSearchParams(body)
    if (form.get('client_id') !== CLIENT_ID || form.get('client_secret') !== CLIENT_SECRET)
      return {
        status: 401,
        body: { error: 'invalid_client', error_description: 'The client credentials are not valid' },
      }
    if (form.get('grant_type') !== 'client_credentials')
      return { status: 400, body: { error: 'unsupported_grant_type' } }
    if (form.get('audience') !== `${domain}/api`)
      return { status: 400, body: { error: 'invalid_request', error_description: 'The audience is not valid' } }
    const isWithout = tokensWithoutScopes > 0
    if (isWithout) tokensWithoutScopes -= 1
    const access_token = tokens.issue(isWithout ? new Set() : scopes, tokenLifeSeconds)
    return { status: 200, body: { access_token, token_type: 'Bearer', expires_in: tokenLifeSeconds } }
  }

  function answerOperation(request: ParsedRequest, authorization: string | undefined): Answer {
    try {
      const [name, operation] = findOperation(request)
      const granted = tokens.scopesOf(authorization)
      if (granted === undefined) throw new Refused(401, 'UNAUTHORIZED', 'The token is not valid')
      if (!granted.has(operation.scope)) throw new Refused(403, 'FORBIDDEN', 'The token lacks a scope')
      assertDocumented(name, request)
      const { query, body, id } = request
      return { status: 200, body: operation.answer({ tenant, query, body, id, maxPageSize, maxWebhooks }) }
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      const { status, code, message } = error
      const errors: Refusal['errors'] = status === 404 ? { code, message } : [{ code, message }]
      return { status, body: { errors } }
    }
  }

  async function receive(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await readBody(incoming)
    const request = parseRequest(incoming, text)
    const { method, path, query, body } = request
    const isToken = method === 'POST' && path === '/oauth2/token'
    const fault = faults.take(`${method} ${path}`)
    const isUnanswered = fault !== undefined && !(typeof fault === 'object' && 'delayMs' in fault)
    // A fault replaces the operation, except that half a body needs the whole one.
    const answer =
      isUnanswered && fault !== 'half_a_body'
        ? { status: 0, body: {} }
        : isToken
          ? issueToken(text)
          : answerOperation(request, incoming.headers.authorization)
    const json = JSON.stringify(answer.body)
    const isDone = fault !== undefined && (await fail(fault, response, json))
    if (!isDone) response.writeHead(answer.status, { 'content-type': 'application/json; charset=utf-8' }).end(json)
    if (!isToken)
      requests.push({ method, path, query, body, status: response.headersSent ? response.statusCode : undefined })
  }

  const server = createServer((incoming, response) => {
    receive(incoming, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined))
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
  domain = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    credentials: { domain, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET },
    env: { KINDE_DOMAIN: domain, KINDE_MANAGEMENT_CLIENT_ID: CLIENT_ID, KINDE_MANAGEMENT_CLIENT_SECRET: CLIENT_SECRET },
    tenant,
    scopes,
    requests,
    get tokensIssued() {
      return tokens.issued
    },
    issueTokensWithoutScopes(count) {
      tokensWithoutScopes = count
    },
    revokeTokens: () => tokens.revokeAll(),
    failNext: (fault, faultOptions) => faults.add(fault, faultOptions),
    clearFaults: () => faults.clear(),
    close() {
      return new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  }
}

interface Answer {
  readonly status: number
  readonly body: object
}

interface ParsedRequest extends Omit<RecordedRequest, 'status'> {
  readonly id: string
}

function assertLimits(limits: { readonly [name: string]: unknown }): void {
  for (const [name, value] of Object.entries(limits))
    if (!Number.isSafeInteger(value) || Number(value) < 0)
      throw invalidConfiguration(name, value, 'pass a whole number, 0 or more, or leave it out')
}

const RECORDS_BY_CUSTOMER: readonly string[] = ['agreements', 'entitlements', 'plans']

function createTenant(given: Partial<TestTenant>): TestTenant {
  for (const [name, records] of Object.entries(given)) {
    if (records === undefined) continue
    if (RECORDS_BY_CUSTOMER.includes(name)) assertObject(name, records, 'pass an object of lists, by billing customer')
    else if (!Array.isArray(records)) throw invalidConfiguration(name, records, 'pass a list')
  }
  return {
    webhooks: given.webhooks ?? [],
    eventTypes: given.eventTypes ?? defaultEventTypes(),
    events: given.events ?? [],
    users: given.users ?? [],
    organizations: given.organizations ?? [],
    agreements: given.agreements ?? {},
    entitlements: given.entitlements ?? {},
    plans: given.plans ?? {},
    usage: given.usage ?? [],
  }
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

function parseRequest({ method = '', url = '/', headers }: IncomingMessage, text: string): ParsedRequest {
  const { pathname, searchParams } = new URL(url, 'http://127.0.0.1')
  const isJson = headers['content-type']?.startsWith('application/json') === true
  const body: unknown = isJson ? JSON.parse(text) : {}
  return {
    method,
    path: pathname,
    id: decodeURIComponent(pathname.slice(pathname.lastIndexOf('/') + 1)),
    query: Object.fromEntries(searchParams),
    body: typeof body === 'object' && body !== null && !Array.isArray(body) ? { ...body } : {},
  }
}

function findOperation({ method, path, id }: ParsedRequest): [name: string, Operation<keyof typeof OPERATIONS>] {
  const withoutId = path.slice(0, path.length - encodeURIComponent(id).length)
  const found = Object.entries<Operation<keyof typeof OPERATIONS>>(OPERATIONS).find(
    ([, operation]) =>
      operation.method === method && operation.path === (operation.path.endsWith('/') ? withoutId : path),
  )
  if (found === undefined) throw new Refused(404, 'NOT_FOUND', 'There is no such operation')
  return found
}

const QUERIES: { readonly [operation: string]: { readonly [name: string]: boolean } } = QUERY_PARAMETERS
const BODIES: { readonly [operation: string]: { readonly [name: string]: string } } = BODY_MEMBERS

/** Refuses what Kinde's document does not have, so that a test finds invented parameters. */
function assertDocumented(operation: string, { query, body }: ParsedRequest): void {
  const [parameters, members] = [QUERIES[operation] ?? {}, BODIES[operation] ?? {}]
  const unknown = [
    ...Object.keys(query).filter((name) => !Object.hasOwn(parameters, name)),
    ...Object.keys(body).filter((name) => !Object.hasOwn(members, name)),
  ]
  const missing = Object.keys(parameters).filter((name) => parameters[name] === true && !query[name])
  const wrong = Object.keys(members).filter((name) => !hasType(body[name], members[name] ?? ''))
  const [problem] = [...unknown, ...missing, ...wrong]
  if (problem !== undefined) throw new Refused(400, 'INVALID_REQUEST', `${problem} is unknown, missing or wrong`)
}

function hasType(value: unknown, type: string): boolean {
  if (value === undefined) return type.endsWith('?')
  if (type.startsWith('strings')) return Array.isArray(value) && value.every((one) => typeof one === 'string')
  return typeof value === 'string'
}

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { finished } from 'node:stream/promises'
import type { Target } from '../endpoint/target.js'
import { createAnonymizer } from '../fixtures/anonymize.js'
import { filledMembers } from '../fixtures/filled-members.js'
import { openFixtureStore } from '../fixtures/store.js'
import { UsageError } from '../usage-error.js'
import type { CapturedRequest } from '../verify/raw-http.js'
import type { RecordedDelivery, Verdict } from './delivery.js'
import { forward, toForwardedAnswer } from './forward.js'
import { readRequest } from './read-request.js'
import { createDeliveryVerifier, createUnverifiedReader, refuse } from './verifier.js'

/** Options of {@link startListening}. */
export interface ListenOptions {
  readonly port: number
  /** Address to listen on. Default: 127.0.0.1. */
  readonly host?: string | undefined
  /** Kinde domain. Without it signatures are not checked. */
  readonly issuer?: string | undefined
  /** Application that receives and answers the deliveries. */
  readonly forwardTo?: Target | undefined
  /** Folder for anonymized fixtures. */
  readonly saveTo?: string | undefined
  /** Number of the first delivery. Default: 1. */
  readonly firstId?: number | undefined
  readonly signal: AbortSignal
  readonly onDelivery: (delivery: RecordedDelivery) => void
}

/** A running server. */
export interface Listening {
  readonly url: string
  /** Forwards a recorded request again. */
  resend(request: CapturedRequest): Promise<void>
  close(): Promise<void>
}

/**
 * Starts a server that verifies, forwards and saves deliveries. Without an application it answers as a receiver does.
 *
 * @throws UsageError if the port is taken
 * @throws KindeWebhookError `invalid_configuration` for a bad issuer
 */
export async function startListening(options: ListenOptions): Promise<Listening> {
  const { port, host = '127.0.0.1', issuer, forwardTo, signal, onDelivery } = options
  const verify = issuer === undefined ? createUnverifiedReader() : createDeliveryVerifier(issuer)
  const save = options.saveTo === undefined ? undefined : await createSaver(options.saveTo)
  let lastId = (options.firstId ?? 1) - 1

  const handle = async (request: CapturedRequest, early?: Verdict): Promise<Handled> => {
    const verdict = early ?? (await verify(request))
    const saved = await trySave(save, verdict)
    const answer =
      forwardTo === undefined || early !== undefined ? undefined : await forward(forwardTo, request, signal)
    const result = answer === undefined ? saved.verdict : toAnswer(answer, saved.verdict)
    lastId += 1
    const delivery: RecordedDelivery = {
      id: lastId,
      receivedAt: new Date().toISOString(),
      ...describeClaims(verdict.claims),
      isVerified: verdict.isVerified,
      outcome: saved.verdict.outcome,
      status: result.status,
      problem: saved.verdict.problem,
      forwarded: answer === undefined ? undefined : toForwardedAnswer(answer),
      file: saved.file,
      filled: saved.filled,
      request,
    }
    return { result, delivery }
  }

  /** Answers that are being written. */
  const open = new Set<Promise<void>>()
  const receive = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { request, failure } = await readRequest(incoming)
    const { result, delivery } = await handle(request, failure === undefined ? undefined : REFUSALS[failure])
    if (!incoming.complete) response.shouldKeepAlive = false
    response.writeHead(result.status, result.headers).end(result.body)
    const written = finished(response).catch(() => {})
    open.add(written)
    onDelivery(delivery)
    await written
    open.delete(written)
  }

  const server = createServer({ requestTimeout: 10_000, connectionsCheckingInterval: 1000 }, receive)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(portError(port, error)))
    server.listen(port, host, resolve)
  })
  const { port: bound, address, family } = server.address() as AddressInfo
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`,
    async resend(request) {
      onDelivery((await handle(request)).delivery)
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      await Promise.all(open)
      server.closeAllConnections()
      await closed
    },
  }
}

interface Handled {
  /** Answer to the sender. */
  readonly result: Verdict
  readonly delivery: RecordedDelivery
}

const REFUSALS = {
  too_large: refuse(413, 'payload_too_large', 'The body is larger than 1 MiB.'),
  unreadable: refuse(400, 'body_unreadable', 'The sender closed the connection before the end of the body.'),
}

/** The application's answer goes back to the sender: what fails there is retried. */
function toAnswer({ status, headers, body }: Awaited<ReturnType<typeof forward>>, verdict: Verdict): Verdict {
  if (status === undefined)
    return {
      ...verdict,
      status: 502,
      headers: { 'content-type': 'application/json' },
      body: '{"error":"not_forwarded"}',
    }
  const { 'content-type': type, 'retry-after': retryAfter } = headers
  const returned = { ...(type && { 'content-type': type }), ...(retryAfter && { 'retry-after': retryAfter }) }
  return { ...verdict, status, headers: returned, body }
}

interface Saved {
  readonly file: string | undefined
  readonly filled: readonly string[]
}

type Save = (claims: { readonly [claim: string]: unknown }, isVerified: boolean) => Promise<Saved>

async function createSaver(folder: string): Promise<Save> {
  const store = await openFixtureStore(folder)
  const { anonymize } = createAnonymizer()
  return async (claims, isVerified) => {
    const fixture = anonymize(claims)
    const filled = filledMembers(fixture)
    if (String(filled) !== String(filledMembers(claims)))
      throw new Error('Anonymizing would change which members the event has. Please report the key names of its data.')
    return { file: await store.write(fixture, isVerified), filled: filled ?? [] }
  }
}

async function trySave(save: Save | undefined, verdict: Verdict): Promise<Saved & { readonly verdict: Verdict }> {
  const { claims, isVerified } = verdict
  if (claims === undefined || save === undefined)
    return { file: undefined, filled: claims === undefined ? [] : (filledMembers(claims) ?? []), verdict }
  try {
    return { ...(await save(claims, isVerified)), verdict }
  } catch (error) {
    const problem = `The fixture could not be saved: ${error instanceof Error ? error.message : String(error)}`
    return { file: undefined, filled: [], verdict: { ...refuse(500, 'handler_failed', problem), isVerified, claims } }
  }
}

function describeClaims(claims: Verdict['claims']): Pick<RecordedDelivery, 'type' | 'eventId' | 'customer'> {
  const data = Object(claims?.['data'])
  const customer = data.customer_id ?? Object(data.customer).id ?? data.org_code ?? data.user_id
  return { type: toText(claims?.['type']), eventId: toText(claims?.['event_id']), customer: toText(customer) }
}

const toText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

function portError(port: number, { message }: Error): UsageError {
  return new UsageError(`Cannot listen on port ${port} (${message}). Choose another with --port.`)
}

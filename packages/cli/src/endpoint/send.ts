import {
  Agent,
  type ClientRequest,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import type { Target } from './target.js'

/** A request to send. */
export interface Sending {
  readonly method?: string | undefined
  readonly headers: { readonly [name: string]: string | string[] }
  /** Text or bytes sent at once, or chunks sent as they are produced. */
  readonly body?: string | Uint8Array | AsyncIterable<string | Uint8Array> | undefined
  /** From the start of the request to the end of the answer, in milliseconds. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
  /** Default: a new connection, so that requests do not influence each other. */
  readonly agent?: Agent | undefined
}

/** Reason for a missing answer. */
export type SendFailure = 'not connected' | 'connection closed' | 'no answer in time' | 'stopped'

/** The answer to a request, or the reason why there is none. */
export interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  /** The first 64 KiB as text. */
  readonly body: string
  readonly failure: SendFailure | undefined
  /** The system's name for the failure, such as `ECONNREFUSED`. */
  readonly errorCode: string | undefined
  /** Start and end, in milliseconds of `performance.now()`. */
  readonly startedAtMs: number
  readonly endedAtMs: number
  readonly durationMs: number
  /** Bytes of the body written to the connection. */
  readonly sentBytes: number
}

const MAX_ANSWER_BYTES = 64 * 1024

/** Sends one request to the target's checked addresses. Follows no redirect and never rejects. */
export function send(target: Target, sending: Sending): Promise<Answer> {
  const { method = 'POST', headers, timeoutMs, signal, agent = new Agent({ keepAlive: false }) } = sending
  const startedAtMs = performance.now()
  let sentBytes = 0
  let isOver = false
  return new Promise((resolve) => {
    const open = target.url.protocol === 'https:' ? httpsRequest : httpRequest
    const request = open(target.url, {
      method,
      headers: { ...lengthOf(sending.body), ...headers },
      lookup: pinnedLookup(target),
      ...(target.url.protocol === 'https:' ? {} : { agent }),
    })
    const end = (answer: Partial<Answer>): void => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      signal?.removeEventListener('abort', onStop)
      if (answer.failure !== undefined || !request.writableFinished) request.destroy()
      const endedAtMs = performance.now()
      const times = { startedAtMs, endedAtMs, durationMs: endedAtMs - startedAtMs, sentBytes }
      resolve({
        status: undefined,
        headers: {},
        body: '',
        failure: undefined,
        errorCode: undefined,
        ...answer,
        ...times,
      })
    }
    const onStop = (): void => end({ failure: 'stopped' })
    const timer = setTimeout(() => end({ failure: 'no answer in time' }), timeoutMs)
    signal?.addEventListener('abort', onStop)
    if (signal?.aborted) onStop()

    request.on('error', ({ code }: Error & { code?: string }) =>
      end({ failure: NOT_CONNECTED.test(code ?? '') ? 'not connected' : 'connection closed', errorCode: code }),
    )
    request.on('response', (response) => {
      readText(response).then((body) => end({ status: response.statusCode, headers: response.headers, body }))
    })
    write(request, sending.body, (bytes) => {
      sentBytes += bytes
      return !isOver
    })
  })
}

/** Without it, Node sends the body of a GET as if it were another request. */
function lengthOf(body: Sending['body']): { 'content-length'?: string } {
  const isWhole = typeof body === 'string' || body instanceof Uint8Array
  return isWhole ? { 'content-length': String(Buffer.byteLength(body)) } : {}
}

/** Connects to the addresses that were checked: a second DNS answer could name another machine. */
function pinnedLookup({ addresses }: Target): LookupFunction {
  return (_hostname, options, callback) => {
    const [first] = addresses
    if (options.all === true) callback(null, [...addresses])
    else callback(null, first?.address ?? '', first?.family)
  }
}

const NOT_CONNECTED = /REFUSED|UNREACH|NOTFOUND|NOTAVAIL|CERT/

/** Reads the answer's text, also if it breaks off or never ends. */
function readText(response: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    const finish = (): void => resolve(Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES).toString('utf8'))
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      size += chunk.length
      if (size < MAX_ANSWER_BYTES) return
      response.destroy()
      finish()
    })
    response.on('error', finish).on('end', finish).on('close', finish)
  })
}

async function write(request: ClientRequest, body: Sending['body'], onSent: (bytes: number) => boolean): Promise<void> {
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
    onSent(body === undefined ? 0 : Buffer.byteLength(body))
    request.end(body)
    return
  }
  for await (const piece of body) {
    if (!onSent(Buffer.byteLength(piece)) || request.destroyed) return
    if (!request.write(piece)) await drained(request)
  }
  request.end()
}

function drained(request: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const events = ['drain', 'close', 'error', 'response']
    const go = (): void => {
      for (const event of events) request.off(event, go)
      resolve()
    }
    for (const event of events) request.on(event, go)
  })
}

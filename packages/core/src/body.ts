import { isKindeWebhookError, KindeWebhookError } from './errors.js'
import { withTimeout } from './with-timeout.js'

/** A request's body as a framework has it. `null`: empty. `undefined`: consumed, its bytes lost. */
export type DeliveryBody =
  | string
  | Uint8Array
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | null
  | undefined

export interface BodyLimits {
  readonly maxBytes: number
  readonly timeoutMs: number
  /** The fix for a body that is too slow. */
  readonly timeoutHint?: string | undefined
  /** The fix for a consumed body. */
  readonly rawBodyHint?: string | undefined
  /** Counts the memory of the body. Default: it is not counted. */
  readonly share?: BodyShare | undefined
}

/** The memory of one body, as part of a budget. */
export interface BodyShare {
  /** @throws KindeWebhookError `receiver_overloaded` */
  growTo(bytes: number): void
  release(): void
}

/** Not counted for any body, so that Kinde's tokens of a few kilobytes always pass. */
const FREE_BYTES = 16 * 1024

/**
 * Limits the memory of all bodies together whose signatures are not known yet: anyone can open many connections, and send
 * on each of them slowly.
 *
 * @param maxBytes - The memory of all bodies, without the first 16 KiB of each.
 * @returns A function that opens the share of one body.
 */
export function createBodyBudget(maxBytes: number): () => BodyShare {
  let total = 0
  return () => {
    let counted = 0
    const count = (bytes: number): void => {
      total += bytes - counted
      counted = bytes
    }
    return {
      growTo(bytes) {
        const wanted = Math.max(0, bytes - FREE_BYTES)
        if (wanted > 0 && total - counted + wanted > maxBytes)
          throw new KindeWebhookError(
            'receiver_overloaded',
            `Bodies that are not verified yet take ${maxBytes} bytes, and this one needs more. Limit the connections and the rate of a client in front of this route.`,
          )
        count(wanted)
      },
      release: () => count(0),
    }
  }
}

/**
 * Reads a body within a size and a time limit. It is counted while it arrives, whatever `content-length` says. On failure
 * the source is cancelled and not waited for, because a stalled client would keep it.
 *
 * @param open - Returns the body. Called once.
 * @throws KindeWebhookError `payload_too_large`, `request_timeout`, `body_unreadable`, `body_already_parsed`;
 * `internal_error` if `open` or the body's own methods throw
 */
export async function readBody(open: () => unknown, limits: BodyLimits): Promise<string | Uint8Array> {
  const { timeoutMs, timeoutHint = '' } = limits
  const opening = callAdapter(open)
  if (isBuffered(opening)) return opening
  const reading = new BodyReading(limits)
  try {
    return await withTimeout(reading.read(opening), timeoutMs, () => {
      const message = `The body did not arrive within ${timeoutMs} ms. ${timeoutHint}`
      throw new KindeWebhookError('request_timeout', message.trimEnd())
    })
  } catch (error) {
    reading.stop()
    throw error
  }
}

/** Collects one body into one growing buffer: a body that arrives byte by byte must not cost an object per byte. */
class BodyReading {
  readonly #limits: BodyLimits
  #source: ChunkSource | undefined
  #isStopped = false
  #bytes = new Uint8Array()
  #size = 0

  constructor(limits: BodyLimits) {
    this.#limits = limits
  }

  async read(opening: unknown): Promise<string | Uint8Array> {
    const { maxBytes, rawBodyHint } = this.#limits
    const body = await orUnreadable(opening)
    if (body === null) return ''
    if (isBuffered(body)) return body
    // `undefined`, or an object that a parser made: an adapter has no bytes of it.
    if (!isChunked(body)) throw alreadyParsed(rawBodyHint)
    const source = callAdapter(() => toChunkSource(body, rawBodyHint))
    this.#source = source
    if (this.#isStopped) this.stop()
    let counted = 0
    for (;;) {
      const step = await orUnreadable(callAdapter(() => source.next()))
      if (step.done === true || this.#isStopped) return this.#bytes.subarray(0, this.#size)
      const chunk = toBytes(step.value)
      if (chunk === undefined) throw alreadyParsed(rawBodyHint)
      // An empty chunk counts too: a source of nothing else would never end, nor let a timer fire.
      counted += Math.max(1, chunk.byteLength)
      if (counted > maxBytes)
        throw new KindeWebhookError(
          'payload_too_large',
          `The body is larger than ${maxBytes} bytes. If Kinde really sends more, raise maxTokenBytes.`,
        )
      this.#append(chunk)
    }
  }

  #append(chunk: Uint8Array): void {
    const { maxBytes, share } = this.#limits
    const size = this.#size + chunk.byteLength
    if (size > this.#bytes.byteLength) {
      const capacity = Math.min(maxBytes, Math.max(this.#bytes.byteLength * 2, size))
      share?.growTo(capacity)
      const grown = new Uint8Array(capacity)
      grown.set(this.#bytes.subarray(0, this.#size))
      this.#bytes = grown
    }
    this.#bytes.set(chunk, this.#size)
    this.#size = size
  }

  /** A stalled client keeps the pending read, which must not keep the bytes. */
  stop(): void {
    this.#isStopped = true
    this.#source?.cancel()
    this.#bytes = new Uint8Array()
  }
}

/** A throw is the adapter's or the framework's fault, never the sender's: a broken connection rejects. */
function callAdapter<Value>(call: () => Value): Value {
  try {
    return call()
  } catch (cause) {
    if (isKindeWebhookError(cause)) throw cause
    throw new KindeWebhookError('internal_error', "The adapter could not open the request's body.", { cause })
  }
}

/** Rejections of a body are the connection's: the sender has gone away. */
async function orUnreadable<Value>(pending: Value): Promise<Awaited<Value>> {
  try {
    return await pending
  } catch (cause) {
    throw new KindeWebhookError('body_unreadable', 'The connection was closed before the end of the body.', { cause })
  }
}

function isBuffered(body: unknown): body is string | Uint8Array {
  return typeof body === 'string' || ArrayBuffer.isView(body)
}

function alreadyParsed(hint = 'Pass a request whose body has not been read.'): KindeWebhookError {
  return new KindeWebhookError(
    'body_already_parsed',
    `The body was consumed before the receiver could read it, and its exact bytes are lost, so the signature cannot be checked. ${hint}`,
  )
}

const utf8 = new TextEncoder()

/** The bytes of a chunk, or `undefined` for a parsed object. */
function toBytes(chunk: unknown): Uint8Array | undefined {
  if (chunk instanceof Uint8Array) return chunk
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  // A Node stream after setEncoding.
  return typeof chunk === 'string' ? utf8.encode(chunk) : undefined
}

interface ChunkSource {
  next(): Promise<{ done?: boolean | undefined; value?: unknown }>
  cancel(): void
}

const ignore = (): void => {}

/** How long a Web stream waits to be cancelled, in milliseconds: on Node that closes the connection, and the response goes first. */
const LINGER_MS = 1000

function isChunked(body: unknown): body is ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> {
  return typeof body === 'object' && body !== null && ('getReader' in body || Symbol.asyncIterator in body)
}

/** Cancelling is requested and not waited for, and its errors do not matter. */
function toChunkSource(
  body: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>,
  rawBodyHint: string | undefined,
): ChunkSource {
  if (!('getReader' in body)) {
    const iterator = body[Symbol.asyncIterator]()
    return { next: () => iterator.next(), cancel: () => void (async () => iterator.return?.())().catch(ignore) }
  }
  // Another reader has it.
  if (body.locked) throw alreadyParsed(rawBodyHint)
  const reader = body.getReader()
  const cancel = (): void => void (async () => reader.cancel())().catch(ignore)
  return { next: () => reader.read(), cancel: () => void setTimeout(cancel, LINGER_MS) }
}

/** Refuses anything but a Web `Request`: JavaScript may pass Node's. */
export function assertWebRequest(request: Request | undefined): void {
  if (typeof request?.headers?.get !== 'function')
    throw new KindeWebhookError(
      'invalid_configuration',
      "The request is not the Web's Request. On node:http, Express, Koa and Next's Pages Router use kindeBilling of @kinde-billing/node, or pass the bytes of the body to verifyAndParse.",
    )
}

/** The unread body of a Web request, or `undefined` if it was read. */
export function unreadBody(request: Request): ReadableStream<Uint8Array> | null | undefined {
  return request.bodyUsed ? undefined : request.body
}

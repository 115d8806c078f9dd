import { isKindeWebhookError, KindeWebhookError } from './errors.js'
import { inTime } from './in-time.js'

/** A request's body as a framework has it. `null` is an empty body; `undefined` one whose bytes are consumed and lost. */
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
  /** What to do about a body that is too slow. */
  readonly timeoutHint?: string | undefined
  /** How to keep a body's bytes, where they are lost. */
  readonly rawBodyHint?: string | undefined
}

/**
 * Reads a body: counted as it comes, whatever `content-length` said, within a time, and given up at once where it fails.
 * The source is told to stop and never waited for: a stalled client would keep it.
 *
 * @throws KindeWebhookError `payload_too_large`, `request_timeout`, `body_unreadable`, `body_already_parsed`
 */
export async function readBody(
  open: () => DeliveryBody | Promise<DeliveryBody>,
  limits: BodyLimits,
): Promise<string | Uint8Array> {
  let source: ChunkSource | undefined
  let isOver = false
  const read = async (opened: DeliveryBody | Promise<DeliveryBody>): Promise<string | Uint8Array> => {
    const body = await opened
    if (body === undefined) throw alreadyParsed(limits.rawBodyHint)
    if (body === null) return ''
    if (isAtHand(body)) return body
    // a parsed body, of which an adapter has no bytes
    if (!isChunked(body)) throw alreadyParsed(limits.rawBodyHint)
    source = chunksOf(body)
    if (isOver) source.cancel()
    return collect(source, limits.maxBytes, () => isOver)
  }
  try {
    const opened = open()
    if (isAtHand(opened)) return opened
    return await inTime(read(opened), limits.timeoutMs, () => {
      throw new KindeWebhookError(
        'request_timeout',
        `The body did not arrive within ${limits.timeoutMs} ms. ${limits.timeoutHint ?? ''}`.trimEnd(),
      )
    })
  } catch (error) {
    source?.cancel()
    throw isKindeWebhookError(error)
      ? error
      : new KindeWebhookError('body_unreadable', 'The body broke off before its end.', { cause: error })
  } finally {
    isOver = true
  }
}

function isAtHand(body: unknown): body is string | Uint8Array {
  return typeof body === 'string' || ArrayBuffer.isView(body)
}

const RAW_BODY_HINT = 'Hand over a request whose body nobody has read.'

function alreadyParsed(mend = RAW_BODY_HINT): KindeWebhookError {
  return new KindeWebhookError(
    'body_already_parsed',
    `The body was consumed before it came here, and its exact bytes are lost, so that the signature cannot be checked. ${mend}`,
  )
}

/** Collects into one growing buffer: a body that comes a byte at a time must not cost an object a byte. */
async function collect(source: ChunkSource, maxBytes: number, isOver: () => boolean): Promise<Uint8Array> {
  let buffer = new Uint8Array()
  let size = 0
  let counted = 0
  for (;;) {
    const step = await source.next()
    if (step.done === true || isOver()) return buffer.subarray(0, size)
    const chunk = bytesOf(step.value)
    // an empty chunk counts too: a source of nothing else would never end, nor let a timer have its turn
    counted += Math.max(1, chunk.byteLength)
    if (counted > maxBytes)
      throw new KindeWebhookError(
        'payload_too_large',
        `The body is larger than ${maxBytes} bytes. If Kinde really sends more, raise maxTokenBytes.`,
      )
    if (size + chunk.byteLength > buffer.byteLength) {
      const larger = new Uint8Array(Math.min(maxBytes, Math.max(buffer.byteLength * 2, size + chunk.byteLength)))
      larger.set(buffer.subarray(0, size))
      buffer = larger
    }
    buffer.set(chunk, size)
    size += chunk.byteLength
  }
}

const utf8 = new TextEncoder()

function bytesOf(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  // a Node stream on which somebody has called setEncoding
  if (typeof chunk === 'string') return utf8.encode(chunk)
  throw new TypeError('a chunk of the body is neither bytes nor text')
}

interface ChunkSource {
  next(): Promise<{ done?: boolean | undefined; value?: unknown }>
  cancel(): void
}

const ignore = (): void => {}

function isChunked(body: object): body is ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> {
  return 'getReader' in body || Symbol.asyncIterator in body
}

/** Stopping a source is asked for and not waited for, and whatever it throws is its own affair. */
function chunksOf(body: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>): ChunkSource {
  if ('getReader' in body) {
    const reader = body.getReader()
    return { next: () => reader.read(), cancel: () => void (async () => reader.cancel())().catch(ignore) }
  }
  const iterator = body[Symbol.asyncIterator]()
  return { next: () => iterator.next(), cancel: () => void (async () => iterator.return?.())().catch(ignore) }
}

/** The body of a Web request that nobody has read, or is reading. */
export function unreadBody(request: Request): ReadableStream<Uint8Array> | null | undefined {
  return request.bodyUsed || request.body?.locked ? undefined : request.body
}

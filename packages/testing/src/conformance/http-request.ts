import { connect, type Socket } from 'node:net'
import { type HttpAnswer, readAnswer } from './http-answer.js'

/** A header line, or none where there is no value. */
export type HeaderLine = readonly [name: string, value: string | undefined]

/** A request that need not be valid. */
export interface HttpRequest {
  readonly method?: string
  /** In addition to `host`, `content-type` and `content-length`, or in the place of these. */
  readonly headers?: readonly HeaderLine[]
  readonly body?: string | Uint8Array
}

/** The head of a request, its empty line included. `content-type` is `application/jwt` unless something else is given. */
export function requestHead(url: string, { method = 'POST', headers = [] }: HttpRequest = {}): string {
  const { host, pathname, search } = new URL(url)
  const isGiven = (name: string): boolean => headers.some(([given]) => given.toLowerCase() === name)
  const lines = [...headers]
  if (!isGiven('content-type')) lines.unshift(['content-type', 'application/jwt'])
  if (!isGiven('host')) lines.unshift(['host', host])
  const text = lines.flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}\r\n`])).join('')
  return `${method} ${pathname}${search} HTTP/1.1\r\n${text}\r\n`
}

/**
 * Opens a connection, lets `send` write whatever it likes, and waits for the answer. Then it closes, with the rest of the
 * request unsent.
 *
 * @returns undefined where the connection was closed without an answer.
 */
export function exchange(url: string, send: (socket: Socket) => void, isHead = false): Promise<HttpAnswer | undefined> {
  return new Promise((resolve) => {
    const socket = dial(url, send)
    let received = ''
    const settle = (isClosed: boolean): void => {
      const answer = readAnswer(received, isHead, isClosed)
      if (answer === undefined && !isClosed) return
      resolve(answer)
      socket.destroy()
    }
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
      settle(false)
    })
    socket.on('close', () => settle(true))
  })
}

/** A connection whose failures are no failures of a test: a server may cut whom it likes. */
export function dial(url: string, send: (socket: Socket) => void): Socket {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  socket.on('error', () => {})
  socket.on('connect', () => send(socket))
  return socket
}

/** Sends a whole request. `content-length` is the body's, unless another, or `transfer-encoding`, is given. */
export function request(
  url: string,
  { headers = [], body = '', method }: HttpRequest = {},
): Promise<HttpAnswer | undefined> {
  const isFramed = headers.some(([name]) => /^(?:content-length|transfer-encoding)$/i.test(name))
  const framing: HeaderLine[] = isFramed ? [] : [['content-length', String(Buffer.byteLength(body))]]
  const head = requestHead(url, { method: method ?? 'POST', headers: [...headers, ...framing] })
  return exchange(
    url,
    (socket) => {
      socket.cork()
      socket.write(head)
      socket.write(body)
      socket.uncork()
    },
    method === 'HEAD',
  )
}

/** A body in chunks, as `transfer-encoding: chunked` has it, with its end. */
export function chunked(...chunks: readonly string[]): string {
  return [...chunks, ''].map((chunk) => `${Buffer.byteLength(chunk).toString(16)}\r\n${chunk}\r\n`).join('')
}

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { UsageError } from '../usage-error.js'
import type { PublicKey } from './development-key.js'

/** Where the development issuer listens if nothing else is said. */
export const DEFAULT_ISSUER_PORT = 4417

/** A key set on loopback, in the place of Kinde's. */
export interface DevelopmentIssuer {
  /** What the application's `KINDE_ISSUER_URL` is to be. */
  readonly url: string
  /** How often anything has been asked of it. */
  readonly requests: number
  /** When it was asked last, in milliseconds of `performance.now()`; `-Infinity` before. */
  readonly lastRequestAtMs: number
  /** Whether it answers 500 instead of its key set. */
  setOutage(isOut: boolean): void
  close(): Promise<void>
}

const KEY_SET_PATHS = ['/.well-known/jwks', '/.well-known/jwks.json']

/**
 * Serves a key set on 127.0.0.1.
 *
 * @throws UsageError where the port is taken
 */
export async function startDevelopmentIssuer(keys: readonly PublicKey[], port: number): Promise<DevelopmentIssuer> {
  let requests = 0
  let lastRequestAtMs = Number.NEGATIVE_INFINITY
  let isOut = false
  const server = createServer((request, response) => {
    requests += 1
    lastRequestAtMs = performance.now()
    // no connection is kept: an application that goes on must not keep the command from ending
    response.setHeader('connection', 'close')
    if (isOut) return void response.writeHead(500).end()
    if (!KEY_SET_PATHS.includes(request.url ?? '')) return void response.writeHead(404).end()
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ keys }))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(portTaken(port, error)))
    server.listen(port, '127.0.0.1', resolve)
  })
  const address = server.address()
  const { port: bound } = address as AddressInfo
  return {
    url: `http://127.0.0.1:${bound}`,
    get requests() {
      return requests
    },
    get lastRequestAtMs() {
      return lastRequestAtMs
    },
    setOutage(next) {
      isOut = next
    },
    close() {
      return new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  }
}

function portTaken(port: number, error: Error): UsageError {
  return new UsageError(
    `The development issuer cannot listen on port ${port} (${error.message}): name another with --issuer-port, and point the application at it.`,
  )
}

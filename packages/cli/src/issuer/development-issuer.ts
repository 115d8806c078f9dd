import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { UsageError } from '../usage-error.js'
import type { PublicKey } from './development-key.js'

/** Default port of the development issuer. */
export const DEFAULT_ISSUER_PORT = 4417

/** A key set on loopback that stands in for Kinde's. */
export interface DevelopmentIssuer {
  /** Value for the application's `KINDE_ISSUER_URL`. */
  readonly url: string
  /** Number of requests it has received. */
  readonly requests: number
  /** Time of the last request, in milliseconds of `performance.now()`; `-Infinity` before the first. */
  readonly lastRequestAtMs: number
  /** Makes it answer 500 instead of its key set, or its key set again. */
  setOutage(isOut: boolean): void
  /** Adds a key to the key set. */
  publish(key: PublicKey): void
  close(): Promise<void>
}

const KEY_SET_PATHS = ['/.well-known/jwks', '/.well-known/jwks.json']

/**
 * Serves a key set on 127.0.0.1.
 *
 * @param port 0 for any free port.
 * @throws UsageError if the port is taken
 */
export async function startDevelopmentIssuer(
  initialKeys: readonly PublicKey[],
  port: number,
): Promise<DevelopmentIssuer> {
  const keys = [...initialKeys]
  let requests = 0
  let lastRequestAtMs = Number.NEGATIVE_INFINITY
  let isOut = false
  const server = createServer((request, response) => {
    requests += 1
    lastRequestAtMs = performance.now()
    // no keep-alive: an open connection of the application would keep the command from ending
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
  const { port: bound } = server.address() as AddressInfo
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
    publish(key) {
      keys.push(key)
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
    `The development issuer cannot listen on port ${port} (${error.message}). Choose another with --issuer-port, and point your application at it.`,
  )
}

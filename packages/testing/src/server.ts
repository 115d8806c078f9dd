import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { assertKnownOptions } from '@kinde-billing/core/internal'
import { createTestIssuer, type TestIssuer } from './issuer.js'
import { parsePort } from './port.js'

export type { RotateOptions, SignOptions, TestIssuer, TestKey, TestKeySet } from './issuer.js'

/** Options of `startTestIssuer`. */
export interface TestIssuerServerOptions {
  /** Port on 127.0.0.1. Default: `0`, a free port. */
  readonly port?: number | undefined
}

/** Answers a request for the key set instead of the issuer. */
export type KeySetResponder = (request: IncomingMessage, response: ServerResponse) => void

/** A {@link TestIssuer} whose key set is served on loopback. */
export interface TestIssuerServer extends TestIssuer {
  /** Number of requests for the key set so far. */
  readonly requests: number
  /** Lets `responder` answer requests for the key set, for example with an outage. `undefined` restores the key set. */
  respondWith(responder: KeySetResponder | undefined): void
  /** Stops the server and closes open connections. */
  close(): Promise<void>
}

const KEY_SET_PATHS: readonly (string | undefined)[] = ['/.well-known/jwks', '/.well-known/jwks.json']

/**
 * Creates an issuer with a new key and serves its key set at `/.well-known/jwks` on 127.0.0.1, as Kinde does.
 *
 * @param options Port. Default: a free one.
 * @returns The issuer. Close it at the end of the test.
 * @throws {KindeWebhookError} `invalid_configuration`: an option that is unknown or wrong. An `Error` if the port is in use.
 *
 * @example
 * ```ts
 * import { createBillingVerifier } from '@kinde-billing/core'
 * import { billingEventFixture } from '@kinde-billing/testing'
 * import { startTestIssuer } from '@kinde-billing/testing/server'
 *
 * const issuer = await startTestIssuer()
 * const verifier = createBillingVerifier({ issuer: issuer.issuer })
 * const event = await verifier.verifyAndParse(await issuer.sign(billingEventFixture('customer.plan_changed')))
 *
 * issuer.respondWith((_request, response) => response.writeHead(500).end())
 * await issuer.close()
 * ```
 */
export async function startTestIssuer(options: TestIssuerServerOptions = {}): Promise<TestIssuerServer> {
  assertKnownOptions('startTestIssuer', options, ['port'])
  const port = parsePort(options.port)
  const keys = await createTestIssuer()
  let requests = 0
  let responder: KeySetResponder | undefined
  const server = createServer((request, response) => {
    if (!KEY_SET_PATHS.includes(request.url)) return void response.writeHead(404).end()
    requests += 1
    if (responder) return responder(request, response)
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(keys.jwks))
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
  const address = server.address() as AddressInfo
  return {
    issuer: `http://127.0.0.1:${address.port}`,
    get jwks() {
      return keys.jwks
    },
    get kid() {
      return keys.kid
    },
    get requests() {
      return requests
    },
    sign: keys.sign,
    rotate: keys.rotate,
    respondWith(next) {
      responder = next
    },
    close() {
      return new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  }
}

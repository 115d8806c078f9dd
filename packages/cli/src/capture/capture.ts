import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { UsageError } from '../usage-error.js'
import { createAnonymizer } from './anonymize.js'
import { filledMembers } from './groups.js'
import { openFixtureStore } from './store.js'
import { receiveUnverified } from './unverified.js'
import { receiveVerified } from './verified.js'

/** Where a capture listens and what it keeps. */
export interface CaptureOptions {
  readonly port: number
  /** The address to listen on. Default: 127.0.0.1. */
  readonly host?: string | undefined
  /** The directory for fixtures. */
  readonly out: string
  /** The Kinde domain: given, only what it has signed is stored. */
  readonly issuer?: string | undefined
  readonly onDelivery?: ((delivery: CapturedDelivery) => void) | undefined
}

/** One request, and what became of it. Nothing of its content is in it. */
export interface CapturedDelivery {
  readonly status: number
  /** `processed`, `unsupported`, or an error's code. */
  readonly outcome: string
  /** The fixture, where one was written. */
  readonly file: string | undefined
  /** Whether the signature was checked, and good. */
  readonly isVerified: boolean
  /** Which members of the event are filled, such as `customer.id`; none for events of another type. */
  readonly filled: readonly string[]
  /** What was wrong, in words that hold nothing of the token. */
  readonly problem: string | undefined
}

/** A receiver that stores what it gets. */
export interface Capture {
  readonly url: string
  close(): Promise<void>
}

/** A fixture that was written. */
export interface Kept {
  readonly file: string
  readonly filled: readonly string[]
}

export type Keep = (claims: { [claim: string]: unknown }, isVerified: boolean) => Promise<Kept>
export type Receive = (request: IncomingMessage, response: ServerResponse) => Promise<CapturedDelivery>

/**
 * Starts a receiver that answers as the real one does, and stores each delivery as a fixture without personal data: claims
 * for `decodeBillingEvent`, and for `sign` of a test issuer.
 *
 * @throws UsageError where the port is taken
 * @throws KindeWebhookError `invalid_configuration` for a bad issuer
 */
export async function startCapture({
  port,
  host = '127.0.0.1',
  out,
  issuer,
  onDelivery,
}: CaptureOptions): Promise<Capture> {
  const store = await openFixtureStore(out)
  const { anonymize } = createAnonymizer()
  const keep: Keep = async (claims, isVerified) => {
    const fixture = anonymize(claims)
    const filled = filledMembers(fixture)
    // the promise of a fixture: what was there is there
    if (String(filled) !== String(filledMembers(claims)))
      throw new Error(
        'The disguise would change which members the event has. Please report the shape of its data, keys only.',
      )
    return { file: await store.write(fixture, isVerified), filled: filled ?? [] }
  }
  const receive = issuer === undefined ? receiveUnverified(keep) : receiveVerified(issuer, keep)
  const server = createServer(
    { requestTimeout: 10_000, connectionsCheckingInterval: 1000 },
    async (request, response) => {
      const delivery = await receive(request, response)
      onDelivery?.(delivery)
    },
  )
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(portTaken(port, error)))
    server.listen(port, host, resolve)
  })
  const { port: bound, address, family } = server.address() as AddressInfo
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function portTaken(port: number, { message }: Error): UsageError {
  return new UsageError(`The capture cannot listen on port ${port} (${message}): name another with --port.`)
}

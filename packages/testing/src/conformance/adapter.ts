import type { DataSchemas } from '@kinde-billing/core'
import type { BillingReceiverOptions } from '@kinde-billing/core/receiver'

/** The options of a receiver of the suite. An adapter's `kindeBilling` takes it as it is. */
export type ConformanceOptions = BillingReceiverOptions<unknown, undefined, DataSchemas>

/** A server that has the adapter mounted. */
export interface ConformanceServer {
  /** The URL of the route, such as `http://127.0.0.1:49152/webhooks/kinde`. Plain HTTP/1.1, since the suite speaks it by hand. */
  readonly url: string
  /** Stops serving, and cuts the connections that are open. */
  close(): unknown
  /** How many bytes have been read from all connections. Without it the suite does not check how much of an endless body is read. */
  bytesRead?(): number
}

/** Starts a server of its own for these options. */
export type StartServer = (options: ConformanceOptions) => ConformanceServer | Promise<ConformanceServer>

/** Something that reads the body before the adapter does: a body parser, a middleware, a hook. */
export interface BodyConsumer {
  /** Starts the server with the consumer in front of the adapter. */
  readonly start: StartServer
  /** Makes the request from the token. Default: the token as `application/jwt`. */
  readonly send?:
    | ((token: string) => {
        /** The `content-type` header. */
        readonly contentType: string
        /** The body. */
        readonly body: string
      })
    | undefined
  /** True if the exact bytes are still available behind it: the event is handled. Otherwise: `body_already_parsed`. */
  readonly keepsBytes: boolean
}

/** An adapter, as {@link describeAdapter} needs it. */
export interface AdapterUnderTest {
  /** Called about twenty times, once for each set of options. */
  readonly start: StartServer
  /** True if the framework itself answers other methods than POST. Default: false, they reach the adapter. */
  readonly routesMethods?: boolean | undefined
  /**
   * True if the platform reads the whole body before it calls the adapter, as Lambda's do. The tests of slow and of endless
   * bodies are left out then, because the platform answers those. Default: false.
   */
  readonly buffersBodies?: boolean | undefined
  /**
   * True if the platform passes on only the last of several headers of one name, as AWS's load balancers do. The test of
   * repeated headers is left out then. Default: false.
   */
  readonly dropsRepeatedHeaders?: boolean | undefined
  /** Body parsers and hooks that the framework may run before the adapter, by name. */
  readonly consumers?: { readonly [name: string]: BodyConsumer } | undefined
}

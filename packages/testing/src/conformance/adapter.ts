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

/** The platform's own answer, which a client gets in the place of the adapter's. */
export interface PlatformAnswer {
  /** The reason, for the report. */
  readonly because: string
  /** The expected response or a part of it, such as `{ status: 403 }`, or a matcher. */
  readonly gets: unknown
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
   * Requests that the platform answers or changes before the adapter gets them, by the titles of their tests. Such a test
   * checks the platform's answer instead, and fails if the adapter answers after all.
   */
  readonly platformAnswers?: { readonly [title: string]: PlatformAnswer } | undefined
  /** Body parsers and hooks that the framework may run before the adapter, by name. */
  readonly consumers?: { readonly [name: string]: BodyConsumer } | undefined
}

import type { RequestListener } from 'node:http'
import type { BillingEvent } from '@kinde-billing/core'

/** A queue of billing events, on either engine. */
export interface BillingQueue {
  /** Receives Kinde's deliveries. Its handler puts each event into the queue and does nothing else. */
  receive(): RequestListener
  /** Takes events out of the queue, one after the other. If the work throws or the worker dies, the event comes again. */
  work(handle: (event: BillingEvent) => Promise<void>): Promise<void>
  /** Waits for running work, and closes the connections. */
  close(): Promise<void>
}

export interface QueueSettings {
  readonly url: string
  /** Time after which the job of a worker that died is given to another, in seconds. */
  readonly takeOverSeconds: number
}

/** The name of the queue, in both engines. */
export const QUEUE_NAME = 'kinde-billing'

/** A failed job is retried after some seconds, then at growing intervals, for some hours. */
export const ATTEMPTS = 12
export const FIRST_RETRY_SECONDS = 5

import type { RequestListener } from 'node:http'
import type { BillingEvent } from '@kinde-billing/core'

/** A queue of billing events, whichever engine it is on. */
export interface BillingQueue {
  /** Receives Kinde's deliveries: its handler puts each event into the queue, and does nothing else. */
  receive(): RequestListener
  /** Takes events out of the queue, one after the other. One whose work throws, or whose worker dies, comes again. */
  work(handle: (event: BillingEvent) => Promise<void>): Promise<void>
  /** Waits for the work in hand, and closes the connections. */
  close(): Promise<void>
}

export interface QueueSettings {
  readonly url: string
  /** How long after a worker has died its job is given to another, in seconds. */
  readonly takeOverSeconds: number
}

/** What both engines call the queue. */
export const QUEUE_NAME = 'kinde-billing'

/** A job that fails is tried again after some seconds, then ever later, for some hours. */
export const ATTEMPTS = 12
export const FIRST_RETRY_SECONDS = 5

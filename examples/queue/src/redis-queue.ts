import { decodeBillingEvent } from '@kinde-billing/core'
import { kindeBilling } from '@kinde-billing/node'
import { createRedisInbox } from '@kinde-billing/redis'
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { ATTEMPTS, type BillingQueue, FIRST_RETRY_SECONDS, QUEUE_NAME, type QueueSettings } from './billing-queue.js'

/** As long as a done job is kept, its id cannot be enqueued again: a day longer than the inbox remembers. */
const KEEP_DONE_SECONDS = 8 * 24 * 60 * 60

/**
 * BullMQ, beside an inbox on the same Redis. The job is there before the mark; where a crash comes between the two, the
 * next attempt enqueues again, under the same job id, which BullMQ ignores.
 */
export async function openRedisQueue({ url, takeOverSeconds }: QueueSettings): Promise<BillingQueue> {
  // a worker waits for as long as Redis is away, and so must its client
  const client = new Redis(url, { maxRetriesPerRequest: null })
  client.on('error', complain)
  const queue = new Queue<Record<string, unknown>>(QUEUE_NAME, {
    connection: client,
    defaultJobOptions: {
      attempts: ATTEMPTS,
      backoff: { type: 'exponential', delay: FIRST_RETRY_SECONDS * 1000 },
      removeOnComplete: { age: KEEP_DONE_SECONDS },
    },
  })
  queue.on('error', complain)
  let worker: Worker<Record<string, unknown>> | undefined

  return {
    receive: () =>
      kindeBilling({
        name: 'billing',
        inbox: createRedisInbox({ client }),
        onEvent: (event) => queue.add(event.type, event.claims, { jobId: jobIdOf(event.id) }),
      }),
    async work(handle) {
      worker = new Worker(QUEUE_NAME, async ({ data }) => handle(decodeBillingEvent(data)), {
        connection: client,
        lockDuration: takeOverSeconds * 1000,
        stalledInterval: takeOverSeconds * 1000,
        maxStalledCount: ATTEMPTS,
      })
      worker.on('error', complain)
      await worker.waitUntilReady()
    },
    async close() {
      await worker?.close()
      await queue.close()
      await client.quit()
    },
  }
}

/** The connection comes back by itself: until then the reason is all there is to say. */
function complain({ message }: Error): void {
  console.error(`Redis: ${message}`)
}

/** The event's id, escaped: BullMQ takes neither a colon in a job's id nor digits alone. */
function jobIdOf(eventId: string): string {
  return encodeURIComponent(eventId).replace(/^\d(?=\d*$)/, (digit) => `%3${digit}`)
}

import { decodeBillingEvent } from '@kinde-billing/core'
import { kindeBilling } from '@kinde-billing/node'
import { createRedisInbox } from '@kinde-billing/redis'
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { ATTEMPTS, type BillingQueue, FIRST_RETRY_SECONDS, QUEUE_NAME, type QueueSettings } from './billing-queue.js'

/** While a finished job is kept, its id cannot be enqueued again. A day longer than the inbox remembers an event. */
const KEEP_DONE_SECONDS = 8 * 24 * 60 * 60

/**
 * Opens a queue on BullMQ, with an inbox on the same Redis. The job is added before the mark. After a crash between the two,
 * the next attempt adds it again under the same id, and BullMQ ignores it.
 */
export async function openRedisQueue({ url, takeOverSeconds }: QueueSettings): Promise<BillingQueue> {
  // a worker waits as long as Redis is down, and so must its client
  const client = new Redis(url, { maxRetriesPerRequest: null })
  client.on('error', logError)
  const queue = new Queue<Record<string, unknown>>(QUEUE_NAME, {
    connection: client,
    defaultJobOptions: {
      attempts: ATTEMPTS,
      backoff: { type: 'exponential', delay: FIRST_RETRY_SECONDS * 1000 },
      removeOnComplete: { age: KEEP_DONE_SECONDS },
    },
  })
  queue.on('error', logError)
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
      worker.on('error', logError)
      await worker.waitUntilReady()
    },
    async close() {
      await worker?.close()
      await queue.close()
      await client.quit()
    },
  }
}

/** The client reconnects by itself. */
function logError({ message }: Error): void {
  console.error(`Redis: ${message}`)
}

/** Escapes the event's id: BullMQ allows neither a colon in a job's id nor digits alone. */
function jobIdOf(eventId: string): string {
  return encodeURIComponent(eventId).replace(/^\d(?=\d*$)/, (digit) => `%3${digit}`)
}

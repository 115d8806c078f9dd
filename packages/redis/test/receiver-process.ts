/** Serves a receiver with an inbox on Redis, in a separate process. */
import type { DeliveryInbox } from '@kinde-billing/core/receiver'
import { type ReceiverSettings, serveReceiver } from '@kinde-billing/test-support/receiver-server'
import { createClient } from 'redis'
import { createRedisInbox } from '../src/index.js'

const settings: ReceiverSettings = JSON.parse(process.argv[2] ?? '')
const client = await createClient({ url: settings.storeUrl }).connect()
const inbox = createRedisInbox({ client })

// The claims of a killed process last until their lease is over: a minute would be long for a test.
const withShortLeases: DeliveryInbox = {
  once: (delivery, work) => inbox.once({ ...delivery, leaseMs: 15_000 }, work),
}

await serveReceiver(settings, withShortLeases, (eventId) => client.hIncrBy('effects', eventId, 1))

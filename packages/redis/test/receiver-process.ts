/** A receiver with a ledger on Redis, in a process of its own. */
import type { DeliveryLedger } from '@kinde-billing/core/receiver'
import { createClient } from 'redis'
import { type ReceiverSettings, serveReceiver } from '../../../test/stores/receiver-server.js'
import { createRedisLedger } from '../src/index.js'

const settings: ReceiverSettings = JSON.parse(process.argv[2] ?? '')
const client = await createClient({ url: settings.storeUrl }).connect()
const ledger = createRedisLedger({ client })

// What a killed process has claimed stays claimed until the lease is over: a minute would be long for a test.
const withShortLeases: DeliveryLedger = {
  once: (delivery, work) => ledger.once({ ...delivery, leaseMs: 5000 }, work),
}

await serveReceiver(settings, withShortLeases, (eventId) => client.hIncrBy('effects', eventId, 1))

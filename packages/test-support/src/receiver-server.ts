import { once } from 'node:events'
import { createServer } from 'node:http'
import type { DeliveryInbox } from '@kinde-billing/core/receiver'
import { kindeBilling } from '@kinde-billing/node'
import { report } from './run-log.js'

/** The settings of a receiver's process, on its command line. */
export interface ReceiverSettings {
  port: number
  issuer: string
  storeUrl: string
  /** The URL that its handlers report their runs to. */
  log: string
  instance: string
}

/** Serves a receiver whose handler reports its start, takes effect, and reports its end. Prints `listening`. */
export async function serveReceiver<Tx>(
  { port, issuer, log, instance }: ReceiverSettings,
  inbox: DeliveryInbox<Tx>,
  takeEffect: (eventId: string, tx: Tx) => Promise<unknown>,
): Promise<void> {
  const listener = kindeBilling({
    issuer,
    name: 'billing',
    inbox,
    log: false,
    onEvent: async (event, { tx }) => {
      await report(log, 'start', instance, event.id)
      await takeEffect(event.id, tx)
      await report(log, 'end', instance, event.id)
    },
  })
  const server = createServer(listener).listen(port, '127.0.0.1')
  await once(server, 'listening')
  process.stdout.write('listening\n')
}

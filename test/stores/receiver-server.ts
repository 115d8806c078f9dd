import { once } from 'node:events'
import { createServer } from 'node:http'
import type { DeliveryLedger } from '../../packages/core/src/receiver/index.js'
import { kindeBilling } from '../../packages/node/src/index.js'
import { report } from './run-log.js'

/** What a receiver's process is told on its command line. */
export interface ReceiverSettings {
  port: number
  issuer: string
  storeUrl: string
  /** Where its handlers report their runs. */
  log: string
  instance: string
}

/** Serves a receiver whose handler reports its start, takes effect, and reports its end. Says `listening`. */
export async function serveReceiver<Scope>(
  { port, issuer, log, instance }: ReceiverSettings,
  ledger: DeliveryLedger<Scope>,
  takeEffect: (eventId: string, scope: Scope) => Promise<unknown>,
): Promise<void> {
  const listener = kindeBilling({
    issuer,
    name: 'billing',
    ledger,
    onOutcome: () => {},
    onEvent: async (event, { scope }) => {
      await report(log, 'start', instance, event.id)
      await takeEffect(event.id, scope)
      await report(log, 'end', instance, event.id)
    },
  })
  const server = createServer(listener).listen(port, '127.0.0.1')
  await once(server, 'listening')
  process.stdout.write('listening\n')
}

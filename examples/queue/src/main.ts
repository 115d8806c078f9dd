import { once } from 'node:events'
import { createServer } from 'node:http'
import type { BillingQueue } from './billing-queue.js'
import { openPostgresQueue } from './postgres-queue.js'
import { openRedisQueue } from './redis-queue.js'
import { doSlowWork } from './slow-work.js'

// in production, one process each: `npm start web` and `npm start worker`
const role = process.argv[2] ?? 'both'
const queue = await openQueue()
const server = createServer()

if (role !== 'web') {
  await queue.work(doSlowWork)
  console.log('Working')
}
if (role !== 'worker') {
  const port = Number(process.env.PORT || 3000)
  server.on('request', queue.receive()).listen(port)
  await once(server, 'listening')
  console.log(`Listening: POST http://localhost:${port}/`)
}
process.once('SIGTERM', stop).once('SIGINT', stop)

function openQueue(): Promise<BillingQueue> {
  const takeOverSeconds = Number(process.env.TAKE_OVER_SECONDS || 60)
  const kind = process.env.QUEUE?.trim() || 'postgres'
  // secret managers and files add white space and quotes, which the drivers take for a part of the host
  const url = (kind === 'redis' ? process.env.REDIS_URL : process.env.DATABASE_URL)?.trim() ?? ''
  if (kind === 'postgres' && /^postgres(ql)?:/.test(url)) return openPostgresQueue({ url, takeOverSeconds })
  if (kind === 'redis' && /^rediss?:/.test(url)) return openRedisQueue({ url, takeOverSeconds })
  throw new Error('Set QUEUE=postgres and DATABASE_URL, or QUEUE=redis and REDIS_URL, to a URL without quotes.')
}

/** Accepts no more requests and jobs, and finishes the running ones. */
async function stop(): Promise<void> {
  if (server.listening) await once(server.close(), 'close')
  await queue.close()
}

import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { isInstalled } from '@kinde-billing/test-support/installed'
import { newDelivery, nothing } from '@kinde-billing/testing/inbox-contract/attempts'
import { Pool } from 'pg'
import { describe, expect, it } from 'vitest'
import { createPostgresInbox } from '../src/index.js'
import { usePostgres } from './use-postgres.js'

/** Postgres's message ReadyForQuery, with which it accepts a connection. */
const READY = Buffer.from('5a0000000549', 'hex')

/** Postgres's message for a connection that it ends. */
function fatalError(): Buffer {
  const fields = Buffer.from('SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0')
  const length = Buffer.alloc(4)
  length.writeInt32BE(fields.length + 4)
  return Buffer.concat([Buffer.from('E'), length, fields])
}

/** A proxy on which the server accepts the first connection and ends it in the same breath. */
async function startEndingProxy(targetPort: number) {
  let isFirst = true
  const server = createServer((client) => {
    const upstream = connect(targetPort, '127.0.0.1')
    for (const socket of [client, upstream])
      socket.on('error', () => {}).on('close', () => [client, upstream].map((one) => one.destroy()))
    client.pipe(upstream)
    upstream.on('data', (chunk) => {
      if (!isFirst || !chunk.subarray(-READY.length).equals(READY)) return void client.write(chunk)
      isFirst = false
      client.end(Buffer.concat([chunk, fatalError()]))
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port')
  return { port: address.port, close: () => new Promise((resolve) => server.close(resolve)) }
}

describe.runIf(isInstalled('postgres'))('a connection that the server ends as soon as it has accepted it', () => {
  const postgres = usePostgres()

  it('fails its attempt and not the process', async () => {
    const proxy = await startEndingProxy(postgres.server.port)
    const pool = new Pool({ host: '127.0.0.1', port: proxy.port, user: 'postgres' }).on('error', () => {})
    const inbox = createPostgresInbox({ pool })
    const delivery = newDelivery()
    await expect(inbox.once(delivery, nothing)).rejects.toThrow()
    expect(await inbox.once(delivery, nothing)).toBe('processed')
    await pool.end()
    await proxy.close()
  })
})

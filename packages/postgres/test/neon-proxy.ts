import { once } from 'node:events'
import { connect } from 'node:net'
import { createWebSocketStream, WebSocketServer } from 'ws'

/** Passes WebSockets on to a Postgres server, as Neon's proxy does. */
export async function startNeonProxy(postgresPort: number): Promise<{ address: string; close(): Promise<void> }> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  server.on('connection', (socket) => {
    const inside = connect(postgresPort, '127.0.0.1')
    const outside = createWebSocketStream(socket)
    inside.pipe(outside).pipe(inside)
    for (const stream of [inside, outside]) stream.on('error', () => void [inside.destroy(), outside.destroy()])
  })
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The port of a listening server is not known')
  return {
    address: `127.0.0.1:${address.port}`,
    async close() {
      for (const client of server.clients) client.terminate()
      server.close()
      await once(server, 'close')
    },
  }
}

import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** Stands between a client and its server, and adds the way that a network takes. */
export interface SlowProxy {
  readonly port: number
  /** How many times clients have waited for the server so far. */
  roundTrips(): number
  close(): Promise<void>
}

/** A TCP proxy to a server on loopback which holds everything back for `delayMs`, in either direction. */
export async function startSlowProxy(targetPort: number, delayMs: number): Promise<SlowProxy> {
  const sockets = new Set<Socket>()
  let roundTrips = 0

  /** Timers of equal length fire in the order in which they were set, so nothing overtakes. */
  const pass = (from: Socket, to: Socket, onChunk: () => void): void => {
    sockets.add(from)
    from.setNoDelay(true)
    from.on('data', (chunk) => {
      onChunk()
      if (delayMs === 0) to.write(chunk)
      else setTimeout(() => to.write(chunk), delayMs)
    })
    from.on('error', () => to.destroy())
    from.on('close', () => {
      sockets.delete(from)
      to.destroy()
    })
  }
  const server = createServer((client) => {
    const upstream = connect(targetPort, '127.0.0.1')
    let isAnswered = true
    pass(client, upstream, () => {
      if (isAnswered) roundTrips += 1
      isAnswered = false
    })
    pass(upstream, client, () => {
      isAnswered = true
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The port of a listening server is not known')
  return {
    port: address.port,
    roundTrips: () => roundTrips,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A proxy between a client and its server that fails on command. */
export interface CuttableProxy {
  readonly port: number
  /** Resets every connection, and refuses new ones until `restore`. */
  cut(): void
  /** Holds back everything in both directions and closes nothing, like a network that drops every packet. */
  stall(): void
  /** Lets the client's bytes through, and holds back the server's. */
  mute(): void
  /** Connects new clients to another port from now on. */
  redirect(targetPort: number): void
  /** Lets everything through again, including what was held back. */
  restore(): void
  close(): Promise<void>
}

/** Starts a TCP proxy to a server on loopback. */
export async function startProxy(targetPort: number): Promise<CuttableProxy> {
  let target = targetPort
  const clients = new Set<Socket>()
  const upstreams = new Set<Socket>()
  const all = (): Socket[] => [...clients, ...upstreams]
  let state: 'open' | 'cut' | 'stalled' | 'muted' = 'open'

  const pass = (from: Socket, to: Socket, kind: Set<Socket>): void => {
    kind.add(from)
    from.on('data', (chunk) => to.write(chunk))
    from.on('error', () => to.destroy())
    from.on('close', () => {
      kind.delete(from)
      to.destroy()
    })
    if (state === 'stalled' || (state === 'muted' && kind === upstreams)) from.pause()
  }
  const server = createServer((client) => {
    if (state === 'cut') {
      client.resetAndDestroy()
      return
    }
    const upstream = connect(target, '127.0.0.1')
    pass(client, upstream, clients)
    pass(upstream, client, upstreams)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port')

  const reset = (): void => {
    for (const socket of all()) socket.resetAndDestroy()
  }
  return {
    port: address.port,
    cut() {
      state = 'cut'
      reset()
    },
    stall() {
      state = 'stalled'
      for (const socket of all()) socket.pause()
    },
    mute() {
      state = 'muted'
      for (const socket of upstreams) socket.pause()
    },
    redirect(port) {
      target = port
    },
    restore() {
      state = 'open'
      for (const socket of all()) socket.resume()
    },
    async close() {
      reset()
      server.close()
      await once(server, 'close')
    },
  }
}

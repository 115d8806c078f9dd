import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** Stands between a client and its server, and fails on command. */
export interface CuttableProxy {
  readonly port: number
  /** Resets every connection, and refuses new ones until `mend`. */
  cut(): void
  /** Lets nothing through, in either direction, and closes nothing: a network that drops every packet. */
  stall(): void
  /** Lets the client's bytes through, and holds back what the server answers. */
  mute(): void
  /** From now on new connections go to another port. */
  redirect(targetPort: number): void
  /** From now on all goes through again, what was stalled too. */
  mend(): void
  close(): Promise<void>
}

/** A TCP proxy to a server on loopback. */
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
  if (address === null || typeof address === 'string') throw new Error('The port of a listening server is not known')

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
    mend() {
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

import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'

/** An egress proxy on loopback, which opens a tunnel for each CONNECT request. */
export interface ForwardProxy {
  readonly url: string
  /** The hosts and ports that tunnels were opened to. */
  readonly targets: readonly string[]
  close(): Promise<void>
}

/** Starts an egress proxy on a free port. */
export async function startForwardProxy(): Promise<ForwardProxy> {
  const targets: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((_request, response) => response.writeHead(405).end())
  server.on('connection', (socket) => sockets.add(socket))
  server.on('connect', ({ url = '' }, client: Socket, head: Buffer) => {
    targets.push(url)
    const { hostname, port } = new URL(`http://${url}`)
    const target = connect(Number(port), hostname, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      target.write(head)
      target.pipe(client).pipe(target)
    })
    target.on('error', () => client.destroy())
    client.on('error', () => target.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    targets,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { ConformanceServer } from './adapter.js'

/**
 * Lets a Node server listen on a free port of loopback, as {@link describeAdapter} needs it.
 *
 * @param path Where the adapter is mounted. Default `/`.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { createBillingReceiver } from '@kinde-billing/core/receiver'
 * import { describeAdapter, listen } from '@kinde-billing/testing/conformance'
 *
 * describeAdapter('my adapter', {
 *   start: (options) => {
 *     const receiver = createBillingReceiver(options)
 *     return listen(
 *       createServer(async (req, res) => {
 *         const answer = await receiver.receive({
 *           method: req.method ?? '',
 *           header: (name) => req.headersDistinct[name]?.join(', '),
 *           body: () => req.iterator({ destroyOnReturn: false }),
 *           context: { req, res },
 *         })
 *         res.writeHead(answer.status, answer.headers).end(answer.body)
 *       }),
 *     )
 *   },
 * })
 * ```
 */
export async function listen(server: Server, path: string = '/'): Promise<ConformanceServer> {
  const sockets: Socket[] = []
  server.on('connection', (socket) => sockets.push(socket))
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : address
  return {
    url: `http://127.0.0.1:${port}${path}`,
    bytesRead: () => sockets.reduce((sum, socket) => sum + socket.bytesRead, 0),
    close: () =>
      new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      }),
  }
}

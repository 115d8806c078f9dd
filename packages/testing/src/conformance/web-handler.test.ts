import { createServer, type IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { createWebHandler } from '@kinde-billing/core/receiver'
import { describeAdapter, listen } from './index.js'

describeAdapter('createWebHandler behind node:http', {
  // a Request cannot be of every method
  routesMethods: true,
  start: (options) => {
    const handle = createWebHandler(options)
    const server = createServer(async (req, res) => {
      const answer = await handle(webRequest(req), undefined)
      res.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
    })
    server.keepAliveTimeout = 100
    return listen(server)
  },
})

/** As the frameworks do that are Node inside and Web outside. */
function webRequest(req: IncomingMessage): Request {
  const headers = new Headers()
  for (const [name, values = []] of Object.entries(req.headersDistinct))
    for (const value of values) headers.append(name, value)
  const init = {
    method: req.method ?? '',
    headers,
    body: Readable.toWeb(req) as ReadableStream,
    duplex: 'half' as const,
  }
  return new Request(new URL(req.url ?? '', 'http://shop.example'), init)
}

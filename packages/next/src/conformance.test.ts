import { createServer, type IncomingMessage } from 'node:http'
import { describeAdapter, listen } from '@kinde-billing/testing/conformance'
import { NextRequest } from 'next/server'
import { kindeBilling } from './index.js'

describeAdapter('@kinde-billing/next', {
  // a route file that exports POST alone: Next answers the other methods
  routesMethods: true,
  start: (options) => {
    const POST = kindeBilling(options)
    const server = createServer(async (req, res) => {
      const answer = await POST(nextRequest(req), { params: Promise.resolve({}) })
      res.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
    })
    server.keepAliveTimeout = 100
    return listen(server)
  },
})

/** As Next makes it of a request of Node: the stream itself is the body, which undici reads by iterating. */
function nextRequest(req: IncomingMessage): NextRequest {
  const headers = new Headers()
  for (const [name, values = []] of Object.entries(req.headersDistinct))
    for (const value of values) headers.append(name, value)
  const init = { method: req.method ?? 'POST', headers, body: req as unknown as BodyInit, duplex: 'half' as const }
  return new NextRequest(new URL(req.url ?? '/', 'http://next.example'), init)
}

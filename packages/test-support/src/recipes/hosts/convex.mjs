// Serves the HTTP actions of a Convex application with Convex's own test backend, which keeps its tables in memory.
import { createServer } from 'node:http'
import { convexTest } from 'convex-test'
import schema from './convex/schema.js'

const modules = {
  './convex/_generated/api.js': () => import('./convex/_generated/api.js'),
  './convex/billing.ts': () => import('./convex/billing.js'),
  './convex/http.ts': () => import('./convex/http.js'),
}
const backend = convexTest(schema, modules)

const server = createServer(async (req, res) => {
  const hasBody = req.method !== 'GET' && req.method !== 'HEAD'
  const headers = Object.entries(req.headersDistinct).flatMap(([name, values = []]) =>
    values.map((value) => [name, value]),
  )
  const body = new ReadableStream({
    async start(controller) {
      try {
        for await (const chunk of req.iterator({ destroyOnReturn: false })) controller.enqueue(chunk)
        controller.close()
      } catch (error) {
        controller.error(error)
      }
    },
  })
  const response = await backend.fetch(req.url ?? '/', {
    method: req.method ?? 'GET',
    headers,
    ...(hasBody && { body, duplex: 'half' }),
  })
  res.writeHead(response.status, Object.fromEntries(response.headers)).end(Buffer.from(await response.arrayBuffer()))
})
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('Listening'))

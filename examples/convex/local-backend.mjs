// Serves the HTTP actions of this application on your machine, without a deployment: with Convex's own test backend, which runs
// the files of `convex/` and keeps its tables in memory.
import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { convexTest } from 'convex-test'
import schema from './convex/schema.js'

const backend = convexTest(schema, {
  './convex/_generated/api.js': () => import('./convex/_generated/api.js'),
  './convex/billing.ts': () => import('./convex/billing.js'),
  './convex/http.ts': () => import('./convex/http.js'),
})

async function serve(req, res) {
  const hasBody = req.method !== 'GET' && req.method !== 'HEAD'
  const headers = Object.entries(req.headersDistinct).flatMap(([name, values]) => values.map((value) => [name, value]))
  // an answer that comes before the body's end leaves the connection open
  const body = ReadableStream.from(req.iterator({ destroyOnReturn: false }))
  const answer = await backend.fetch(req.url, {
    method: req.method,
    headers,
    ...(hasBody && { body, duplex: 'half' }),
  })
  res.writeHead(answer.status, Object.fromEntries(answer.headers))
  if (answer.body === null) res.end()
  else Readable.fromWeb(answer.body).pipe(res)
}

const port = Number(process.env.PORT || 3211)
createServer((req, res) => {
  serve(req, res).catch((error) => {
    // a client that has gone away is not an error of the action
    if (res.destroyed) return
    console.error(error)
    res.writeHead(500).end()
  })
}).listen(port, () => console.log(`Listening on http://localhost:${port}`))

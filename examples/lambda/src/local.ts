import { Buffer } from 'node:buffer'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { handler } from './handler.js'

// Calls the function as its URL does: for your own machine only.
const INVOCATION_MS = 30_000

async function invoke(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk)
  const endsAt = Date.now() + INVOCATION_MS
  const event = {
    version: '2.0',
    headers: Object.fromEntries(Object.entries(req.headers).map(([name, value]) => [name, value?.toString()])),
    requestContext: { http: { method: req.method ?? 'POST' } },
    body: Buffer.concat(chunks).toString('base64'),
    isBase64Encoded: true,
  }
  const { statusCode, headers, body } = await handler(event, { getRemainingTimeInMillis: () => endsAt - Date.now() })
  res.writeHead(statusCode, headers).end(body)
}

const server = createServer((req, res) => {
  invoke(req, res).catch((error: unknown) => {
    console.error(error)
    res.writeHead(502).end()
  })
})

const port = Number(process.env.PORT || 3000)
server.listen(port, () => console.log(`Listening: POST http://localhost:${port}/webhooks/kinde`))

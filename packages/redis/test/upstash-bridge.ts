import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import { Redis } from 'ioredis'

/** Answers as Upstash's HTTP API does, from a real server: one command, or several in a pipeline. */
export async function startUpstashBridge(redisPort: number): Promise<{ url: string; close(): Promise<void> }> {
  const redis = new Redis(redisPort)
  const run = async (command: unknown): Promise<{ result: unknown } | { error: string }> => {
    const [name = '', ...args] = Array.isArray(command) ? command.map(String) : []
    return redis.call(name, ...args).then(
      (result) => ({ result }),
      (error: Error) => ({ error: error.message }),
    )
  }
  const answer = async (request: IncomingMessage): Promise<unknown> => {
    const body = await json(request)
    return request.url === '/pipeline' && Array.isArray(body) ? Promise.all(body.map(run)) : run(body)
  }
  const server = createServer(async (request, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(await answer(request)))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The port of a listening server is not known')
  return {
    url: `http://127.0.0.1:${address.port}`,
    async close() {
      redis.disconnect()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

import { KindeWebhookError } from '@kinde-billing/core'

/** A client of the package `redis` (node-redis 5 or 6): a single server, a pool, a sentinel or a cluster. */
export interface NodeRedisClient {
  /** Runs a Lua script on the server. */
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
}

/** A client of the package `ioredis` (5 or 6): a single server, a sentinel or a cluster. */
export interface IoRedisClient {
  /** Runs a Lua script on the server. */
  eval(script: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
  /** Not called: it tells this client from the other. */
  defineCommand(name: string, definition: { lua: string }): void
}

/** The client that the application has connected, of either package. */
export type RedisClient = NodeRedisClient | IoRedisClient

/** Runs one script on one key, atomically. Every script answers with an integer. */
export type RunScript = (script: string, key: string, ...args: (string | number)[]) => Promise<number>

/** Both packages call it `eval`, each with arguments of its own; only ioredis has `defineCommand`. */
export function scriptRunner(client: RedisClient): RunScript {
  if (typeof client?.eval !== 'function')
    throw new KindeWebhookError(
      'invalid_configuration',
      'client: no eval() on it. Pass a connected client of "redis" 5 or 6, or of "ioredis" 5 or 6.',
    )
  const send = isIoRedis(client)
    ? (script: string, key: string, args: string[]) => client.eval(script, 1, key, ...args)
    : (script: string, key: string, args: string[]) => client.eval(script, { keys: [key], arguments: args })
  return async (script, key, ...args) => {
    const attempt = () => send(script, key, args.map(String))
    // A connection that breaks takes the commands in flight with it; what is sent after that, clients keep until they are
    // connected again. Every script may run twice, so a second try costs nothing and saves most marks.
    return Number(await attempt().catch(attempt))
  }
}

function isIoRedis(client: RedisClient): client is IoRedisClient {
  return 'defineCommand' in client
}

import { KindeWebhookError } from '@kinde-billing/core'

/** A client of the package `redis` (node-redis 5 or 6): a single server, a pool, a sentinel or a cluster. */
export interface NodeRedisClient {
  /** Runs a Lua script on the server. */
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  /** False once the application has closed the client. */
  readonly isOpen?: boolean
}

/** A client of the package `ioredis` (5 or 6): a single server, a sentinel or a cluster. */
export interface IoRedisClient {
  /** Runs a Lua script on the server. */
  eval(script: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
  /** Not called: only clients of `ioredis` have it. */
  defineCommand(name: string, definition: { lua: string }): void
  /** `end` once the application has closed the client. */
  readonly status?: string
}

/** A client of the package `@upstash/redis`, which reaches an Upstash database over HTTP. */
export interface UpstashRedisClient {
  /** Runs a Lua script on the server. */
  eval(script: string, keys: string[], args: string[]): Promise<unknown>
  /** Not called: only clients of `@upstash/redis` have it. */
  createScript(script: string): unknown
}

/** A client that the application has connected, of one of the three packages. */
export type RedisClient = NodeRedisClient | IoRedisClient | UpstashRedisClient

/** Runs scripts on one key each, through whichever client the application uses. */
export interface ScriptRunner {
  /** Runs a script, atomically. Every script answers with an integer. */
  run(script: string, key: string, ...args: (string | number)[]): Promise<number>
  /** True once the application has closed the client: no command can succeed any more. */
  isClosed(): boolean
}

/** Every package calls the command `eval`, each with its own arguments. */
export function createScriptRunner(client: RedisClient): ScriptRunner {
  if (typeof client?.eval !== 'function')
    throw new KindeWebhookError(
      'invalid_configuration',
      'client: it has no eval(). Pass a connected client of "redis" 5 or 6, of "ioredis" 5 or 6, or of "@upstash/redis".',
    )
  const send = bindEval(client)
  return {
    run: async (script, key, ...args) => Number(await send(script, key, args.map(String))),
    isClosed: () => ('status' in client && client.status === 'end') || ('isOpen' in client && client.isOpen === false),
  }
}

function bindEval(client: RedisClient): (script: string, key: string, args: string[]) => Promise<unknown> {
  if ('defineCommand' in client) return (script, key, args) => client.eval(script, 1, key, ...args)
  if ('createScript' in client) return (script, key, args) => client.eval(script, [key], args)
  return (script, key, args) => client.eval(script, { keys: [key], arguments: args })
}

import { Server } from 'node:net'

/** A receiver that a snippet has created. */
export interface CreatedReceiver {
  /** The module that exports the factory. */
  readonly from: string
  readonly factory: string
  readonly receiver: unknown
}

/** Everything that a snippet has created, through which a delivery may reach it. */
export interface LoadedSnippet {
  readonly exports: Readonly<Record<string, unknown>>
  readonly servers: readonly Server[]
  readonly receivers: readonly CreatedReceiver[]
  /** The tests in it: a name and a function each. */
  readonly tests: readonly (readonly [name: string, run: () => unknown])[]
}

const { listen } = Server.prototype

/**
 * Runs a bundled snippet in this process. A server that would listen on port 3000 gets a free port, also if it only listens
 * after the snippet has ended.
 */
export async function loadSnippet(file: string): Promise<LoadedSnippet> {
  const receivers: CreatedReceiver[] = []
  const servers: Server[] = []
  const tests: [string, () => unknown][] = []
  Object.assign(globalThis, {
    recordReceiver: (created: CreatedReceiver) => receivers.push(created),
    recordTest: (test: [string, () => unknown]) => tests.push(test),
  })
  Server.prototype.listen = function (this: Server, ...args: unknown[]) {
    servers.push(this)
    return Reflect.apply(listen, this, args.map(toFreePort))
  }
  return { exports: await import(file), servers, receivers, tests }
}

function toFreePort(argument: unknown): unknown {
  if (argument === 3000) return 0
  return typeof argument === 'object' && argument !== null && 'port' in argument ? { ...argument, port: 0 } : argument
}

import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** A server that a test started, as a child process. */
export interface ServerProcess {
  /** Ends the server with a signal, and waits until it has exited. */
  stop(signal: NodeJS.Signals): Promise<void>
}

/**
 * Finds a free port on loopback, below those that systems give to the connections of clients. Another process may take it
 * before its use, so use {@link onFreePort} to start a server.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000)
    const server = createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!isFree) continue
    server.close()
    await once(server, 'close')
    return port
  }
}

/** Starts a server and waits for the line that says it is ready. If the server exits before, the error has its output. */
export async function startServer(
  command: string,
  args: readonly string[],
  ready: RegExp,
  options: SpawnOptions = {},
): Promise<ServerProcess> {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = once(child, 'exit')
  const killOnExit = () => child.kill('SIGKILL')
  process.on('exit', killOnExit)
  await lineSeen(child, ready)
  return {
    async stop(signal) {
      process.off('exit', killOnExit)
      if (child.exitCode === null && child.signalCode === null) child.kill(signal)
      await exited
    },
  }
}

function lineSeen(child: ChildProcess, ready: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = ''
    const read = (chunk: Buffer): void => {
      output += chunk.toString()
      if (ready.test(output)) resolve()
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    child.on('error', reject)
    child.on('exit', () => reject(new Error(`${child.spawnfile} ended before it was ready:\n${output}`)))
  })
}

/** Starts a server on a free port, and on another one if the first was taken in the meantime. */
export async function onFreePort<Server>(start: (port: number) => Promise<Server>): Promise<Server> {
  try {
    return await start(await freePort())
  } catch {
    return await start(await freePort())
  }
}

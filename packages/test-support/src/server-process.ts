import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** A server that a test has started, as a child of its own. */
export interface ServerProcess {
  /** Ends it with a signal, and waits until it is gone. */
  stop(signal: NodeJS.Signals): Promise<void>
}

/** A free port on loopback. Another process may take it before its use: whoever starts a server with it tries again. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('The port of a listening server is not known')
  return address.port
}

/** Starts a server and waits for the line that says it is ready; its output is in the error where it ends before. */
export async function startServer(
  command: string,
  args: readonly string[],
  ready: RegExp,
  options: SpawnOptions = {},
): Promise<ServerProcess> {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = once(child, 'exit')
  const killWithUs = () => child.kill('SIGKILL')
  process.on('exit', killWithUs)
  await lineSeen(child, ready)
  return {
    async stop(signal) {
      process.off('exit', killWithUs)
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

/** Tries again with another port where the server could not start on the first. */
export async function onFreePort<Server>(start: (port: number) => Promise<Server>): Promise<Server> {
  try {
    return await start(await freePort())
  } catch {
    return await start(await freePort())
  }
}

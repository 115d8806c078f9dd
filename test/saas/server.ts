import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const FOLDER = join(import.meta.dirname, '../../examples/saas')

/** The application in a process of its own. */
export interface RunningServer {
  readonly url: string
  /** Ends it with a signal, and waits until it is gone. */
  stop(signal: NodeJS.Signals): Promise<void>
}

/** Starts it as its script does, but without the command in between that would survive a kill. */
export async function startServer(settings: Record<string, string>): Promise<RunningServer> {
  const { KINDE_ISSUER_URL: _issuer, DATABASE_URL: _database, ...environment } = process.env
  const args = ['--import', 'tsx', '--conditions=@kinde-billing/source', 'src/main.ts']
  const server = spawn(process.execPath, args, {
    cwd: FOLDER,
    env: { ...environment, ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const killWithUs = () => server.kill('SIGKILL')
  process.once('exit', killWithUs)
  const exited = once(server, 'exit')
  for await (const line of createInterface(server.stdout)) {
    const [, url] = line.match(/^Open (\S+)/) ?? []
    if (url === undefined) continue
    return {
      url,
      async stop(signal) {
        process.off('exit', killWithUs)
        server.kill(signal)
        await exited
      },
    }
  }
  throw new Error('The application ended before it listened')
}

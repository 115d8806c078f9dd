import { createServer, type Server } from 'node:http'
import { userInfo } from 'node:os'
import { getRequestListener } from '@hono/node-server'
import { createConsole } from '@kinde-billing/console'
import { errorMessage } from '@kinde-billing/core/internal'
import { readChangeMark } from '@kinde-billing/postgres'
import { readPolicy } from '../database/policy.js'
import { withPool } from '../database/pool.js'
import { EXIT, type ExitCode } from '../exit-codes.js'
import { missingVariables, openClient } from '../kinde/client.js'
import { writeError } from '../output/note.js'
import { wrap } from '../output/wrap.js'
import type { Terminal } from '../terminal.js'
import { UsageError } from '../usage-error.js'

/** Options of `kinde-billing console`. */
export interface ConsoleCommandOptions {
  readonly port: number
  readonly allowActions?: boolean | undefined
  readonly table?: string | undefined
  readonly statesTable?: string | undefined
  /** The file of the access policy. */
  readonly policy?: string | undefined
  readonly json?: boolean | undefined
}

/**
 * Serves the console on loopback until Ctrl-C.
 *
 * @throws UsageError if `DATABASE_URL` is missing, a table's name is invalid, the port is taken, or the policy is invalid
 */
export async function consoleCommand(options: ConsoleCommandOptions, terminal: Terminal): Promise<ExitCode> {
  const { port, allowActions = false, table, statesTable, json = false } = options
  const policy = await readPolicy(options.policy, terminal.cwd)
  return withPool(terminal, { json }, async (pool) => {
    // An unreachable database is the command's error, not the page's.
    await readChangeMark(pool)
    const handle = asUsageError(() =>
      createConsole({
        pool,
        policy,
        readOnly: !allowActions,
        tables: { deliveries: table, states: statesTable },
        ...(missingVariables(terminal).length === 0 && { client: openClient(terminal) }),
        authorize: ({ headers }) => isLoopback(headers.get('host')) && { name: `${userInfo().username}, command line` },
        onError: (error) => writeError(terminal, errorMessage(error)),
      }),
    )
    // before it says how to stop it
    const { signal } = terminal
    const server = createServer(getRequestListener(handle))
    const url = await listen(server, port)
    terminal.out(
      json
        ? `${JSON.stringify({ url, readOnly: !allowActions })}\n`
        : `${wrap(`${url}  ${allowActions ? 'Actions are allowed.' : 'Read-only; --allow-actions changes that.'} Ctrl-C stops it.`, terminal.columns)}\n`,
    )
    await aborted(signal)
    await close(server)
    return EXIT.ok
  })
}

/** A page of another site whose name leads to this machine sends its own host. */
function isLoopback(host: string | null): boolean {
  return /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/i.test(host ?? '')
}

function asUsageError<Result>(create: () => Result): Result {
  try {
    return create()
  } catch (error) {
    throw new UsageError(errorMessage(error))
  }
}

function listen(server: Server, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', ({ message }) =>
      reject(new UsageError(`Cannot listen on port ${port} (${message}). Choose another with --port.`)),
    )
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      resolve(`http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : port}`)
    })
  })
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    // Live updates hold their connections open.
    server.closeAllConnections()
  })
}

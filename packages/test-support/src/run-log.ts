import { once } from 'node:events'
import { createServer } from 'node:http'

/** One run of a handler, as its process reported it. */
export interface Run {
  readonly eventId: string
  /** The start of a process: `<port>-<count of starts>`. */
  readonly instance: string
  ended: boolean
}

/** Records the start and end of every handler, and decides what each does. It outlives the processes that report to it. */
export interface RunLog {
  readonly url: string
  readonly runs: Run[]
  /** Called for each run that starts. The handler waits for it, and fails if it rejects. */
  whenStarted: (run: Run) => Promise<void>
  close(): Promise<void>
}

export async function startRunLog(): Promise<RunLog> {
  const runs: Run[] = []
  const server = createServer(async (request, response) => {
    const [phase, instance = '', eventId = ''] = (request.url ?? '').slice(1).split('/').map(decodeURIComponent)
    const answer = (status: number): void => void response.writeHead(status).end()
    if (phase === 'start') {
      const run = { eventId, instance, ended: false }
      runs.push(run)
      return log.whenStarted(run).then(
        () => answer(200),
        () => answer(500),
      )
    }
    const run = runs.findLast((candidate) => candidate.eventId === eventId && candidate.instance === instance)
    if (run) run.ended = true
    answer(200)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port')

  const log: RunLog = {
    url: `http://127.0.0.1:${address.port}`,
    runs,
    whenStarted: async () => {},
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return log
}

/** Reports to a run log, from another process. Rejects if the test wants the handler to fail. */
export async function report(log: string, phase: 'start' | 'end', instance: string, eventId: string): Promise<void> {
  const response = await fetch(`${log}/${[phase, instance, eventId].map(encodeURIComponent).join('/')}`, {
    method: 'POST',
  })
  if (!response.ok) throw new Error('The test makes this handler fail')
}

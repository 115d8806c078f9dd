import { once } from 'node:events'
import { createServer } from 'node:http'

/** One run of a handler, as the process that runs it reported it. */
export interface Run {
  readonly eventId: string
  /** Which start of which process. */
  readonly instance: string
  ended: boolean
}

/** Hears of every handler's start and end, and decides what each does: it lives longer than the processes it hears from. */
export interface RunLog {
  readonly url: string
  readonly runs: Run[]
  /** What a handler that has started waits for; it fails where this rejects. */
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
  if (address === null || typeof address === 'string') throw new Error('The port of a listening server is not known')

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

/** Tells a run log, from another process; rejects where the log says that the handler is to fail. */
export async function report(log: string, phase: 'start' | 'end', instance: string, eventId: string): Promise<void> {
  const response = await fetch(`${log}/${[phase, instance, eventId].map(encodeURIComponent).join('/')}`, {
    method: 'POST',
  })
  if (!response.ok) throw new Error('The test has this handler fail')
}

import { send } from '../endpoint/send.js'
import type { Target } from '../endpoint/target.js'
import { Stopped } from './stopped.js'

/**
 * Asks the application how often its handler ran.
 *
 * @returns `undefined` if the answer is not a number
 */
export async function fetchRuns(
  ranTarget: Target,
  eventId: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<number | undefined> {
  const url = new URL(ranTarget.url)
  url.searchParams.set('event_id', eventId)
  const answer = await send({ ...ranTarget, url }, { method: 'GET', headers: {}, timeoutMs, signal })
  if (answer.failure === 'stopped') throw new Stopped()
  return answer.status === 200 ? parseRuns(answer.body) : undefined
}

/** A number as text, or JSON with the number as `runs`. */
function parseRuns(body: string): number | undefined {
  try {
    const value: unknown = JSON.parse(body)
    const runs = typeof value === 'object' && value !== null && 'runs' in value ? value.runs : value
    return typeof runs === 'number' ? runs : undefined
  } catch {
    return undefined
  }
}

import type { Answer } from '../endpoint/send.js'

/** One event, delivered for the first time and, once it was accepted, again. */
export interface Sample {
  readonly first: Answer
  readonly again: Answer
}

/** Whether a handler ran for an answer. */
export type Run = 'ran' | 'skipped' | 'unclear'

/** How an endpoint's answers differ where its handler ran from where it did not. */
export interface Reference {
  /** What tells them apart: what the answers say, how long they take, or nothing. */
  readonly tells: 'answers' | 'times' | 'nothing'
  classify(answer: Answer): Run
}

/** A handler that takes no longer than this cannot be told from none by its time. */
const SLOW_MS = 40

/**
 * Learns from samples what an answer looks like where the handler ran, and where a duplicate was recognized. From outside,
 * that is all there is to see.
 */
export function learnReference(samples: readonly Sample[]): Reference {
  const ran = new Set(samples.map(({ first }) => printOf(first)))
  const skipped = new Set(samples.map(({ again }) => printOf(again)))
  if (samples.length > 0 && [...ran].every((print) => !skipped.has(print)))
    return {
      tells: 'answers',
      classify: (answer) => (skipped.has(printOf(answer)) ? 'skipped' : ran.has(printOf(answer)) ? 'ran' : 'unclear'),
    }
  const quickestRun = Math.min(...samples.map(({ first }) => first.durationMs))
  const slowestSkip = Math.max(...samples.map(({ again }) => again.durationMs))
  if (samples.length < 2 || quickestRun < SLOW_MS || quickestRun < 3 * slowestSkip)
    return { tells: 'nothing', classify: () => 'unclear' }
  return {
    tells: 'times',
    classify: ({ durationMs }) =>
      durationMs > 0.8 * quickestRun ? 'ran' : durationMs < 0.5 * quickestRun ? 'skipped' : 'unclear',
  }
}

/** What an answer says, without the ids and numbers that differ from one event to the next. */
export function printOf({ status, body, failure }: Answer): string {
  return `${status ?? failure} ${body.replace(/[0-9a-f]{8,}(?:-[0-9a-f]{4,})*|\d+/gi, '#')}`
}

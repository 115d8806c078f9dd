import type { Answer } from '../endpoint/send.js'
import { median } from './median.js'

/** An event that was delivered for the first time and, once accepted, again. */
export interface Sample {
  readonly first: Answer
  readonly again: Answer
}

/** `ran` if the handler ran for an answer. */
export type Run = 'ran' | 'skipped' | 'unclear'

/** How an endpoint's answers differ when its handler ran. */
export interface Reference {
  /** The difference: the text of the answers, their duration, or nothing. */
  readonly tells: 'answers' | 'times' | 'nothing'
  classify(answer: Answer): Run
  /** `false` if an answer reads unlike any answer of a run. */
  looksHandled(answer: Answer): boolean
}

/** A quicker handler cannot be told from none by its time. */
const SLOW_MS = 40

/** Learns from samples how the answer of a run and the answer of a duplicate look. */
export function learnReference(samples: readonly Sample[]): Reference {
  const ran = new Set(samples.map(({ first }) => fingerprint(first)))
  const skipped = new Set(samples.map(({ again }) => fingerprint(again)))
  if (samples.length > 0 && [...ran].every((print) => !skipped.has(print)))
    return {
      tells: 'answers',
      classify(answer) {
        const print = fingerprint(answer)
        return skipped.has(print) ? 'skipped' : ran.has(print) ? 'ran' : 'unclear'
      },
      looksHandled: (answer) => ran.has(fingerprint(answer)),
    }
  const quickestRun = Math.min(...samples.map(({ first }) => first.durationMs))
  const usualSkip = median(samples.map(({ again }) => again.durationMs))
  const isDistinct = samples.length >= 2 && quickestRun >= SLOW_MS && quickestRun >= 3 * usualSkip
  const classifyTime = ({ durationMs }: Answer): Run =>
    durationMs > 0.8 * quickestRun ? 'ran' : durationMs < 0.5 * quickestRun ? 'skipped' : 'unclear'
  return {
    tells: isDistinct ? 'times' : 'nothing',
    classify: isDistinct ? classifyTime : () => 'unclear',
    looksHandled: (answer) => ran.size === 0 || ran.has(fingerprint(answer)),
  }
}

/** Reduces an answer to its status and text without ids and numbers, which differ between events. */
export function fingerprint({ status, body, failure }: Answer): string {
  return `${status ?? failure} ${body.replace(/[0-9a-f]{8,}(?:-[0-9a-f]{4,})*|\d+/gi, '#')}`
}

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
  const toPrint = chooseFingerprint(samples)
  const ran = new Set(samples.map(({ first }) => toPrint(first)))
  const skipped = new Set(samples.map(({ again }) => toPrint(again)))
  if (samples.length > 0 && [...ran].every((print) => !skipped.has(print)))
    return {
      tells: 'answers',
      classify(answer) {
        const print = toPrint(answer)
        return skipped.has(print) ? 'skipped' : ran.has(print) ? 'ran' : 'unclear'
      },
      looksHandled: (answer) => ran.has(toPrint(answer)),
    }
  const quickestRun = Math.min(...samples.map(({ first }) => first.durationMs))
  const usualSkip = median(samples.map(({ again }) => again.durationMs))
  const isDistinct = samples.length >= 2 && quickestRun >= SLOW_MS && quickestRun >= 3 * usualSkip
  const classifyTime = ({ durationMs }: Answer): Run =>
    durationMs > 0.8 * quickestRun ? 'ran' : durationMs < 0.5 * quickestRun ? 'skipped' : 'unclear'
  return {
    tells: isDistinct ? 'times' : 'nothing',
    classify: isDistinct ? classifyTime : () => 'unclear',
    looksHandled: (answer) => ran.size === 0 || ran.has(toPrint(answer)),
  }
}

/** The text, unless it is another one each time. Then the words that all answers of runs share, or of duplicates. */
function chooseFingerprint(samples: readonly Sample[]): (answer: Answer) => string {
  const firsts = samples.map(({ first }) => first)
  const agains = samples.map(({ again }) => again)
  const isRandom = [firsts, agains].some(
    (answers) => answers.length > 1 && new Set(answers.map(fingerprint)).size === answers.length,
  )
  if (!isRandom) return fingerprint
  const words = [...commonWords(firsts), ...commonWords(agains)]
  return (answer) => {
    const own = toWords(answer)
    return [answer.status ?? answer.failure, ...words.filter((word) => own.has(word))].join(' ')
  }
}

const toWords = ({ body }: Answer): Set<string> => new Set(body.match(/[A-Za-z_]{3,}/g))

function commonWords(answers: readonly Answer[]): string[] {
  const [first = new Set<string>(), ...others] = answers.map(toWords)
  return [...first].filter((word) => others.every((words) => words.has(word)))
}

/** Reduces an answer to its status and text without ids and numbers, which differ between events. */
export function fingerprint({ status, body, failure }: Answer): string {
  return `${status ?? failure} ${body.replace(/[0-9a-f]{8,}(?:-[0-9a-f]{4,})*|\d+/gi, '#')}`
}

import type { EndAttempt } from './lease.js'

interface Step {
  readonly answered: AbortSignal
  readonly end: EndAttempt
  wasAnswered: boolean
}

const CHECK_EVERY_MS = 1000

const steps = new Set<Step>()
let timer: ReturnType<typeof setInterval> | undefined

/**
 * Ends a step before the handler that hangs soon after the response is out: it must not hold its connection until the lease
 * ends.
 *
 * @returns the function that stops watching
 */
export function endAfterAnswer(answered: AbortSignal, end: EndAttempt): () => void {
  const step: Step = { answered, end, wasAnswered: false }
  steps.add(step)
  // One timer for all: there may be many at once.
  timer ??= setInterval(check, CHECK_EVERY_MS)
  return () => {
    steps.delete(step)
    if (steps.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

function check(): void {
  for (const step of steps) {
    // Twice in a row: its message may be that of others, too, and soon be back.
    if (step.wasAnswered) step.end(new Error('The database did not answer before the response was out'))
    step.wasAnswered = step.answered.aborted
  }
}

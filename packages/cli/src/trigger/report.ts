import { getWord } from '../endpoint/answer-word.js'
import { printable } from '../output/event-lines.js'
import { renderTable, type TableLook } from '../output/table.js'
import { wrap } from '../output/wrap.js'
import type { TriggerAttempt, TriggeredDelivery } from './run.js'

/** Numbers of a run. */
export interface TriggerSummary {
  readonly deliveries: number
  readonly attempts: number
  /** Deliveries that ended as expected. */
  readonly ok: number
  /** Number of attempts per answer: `200 processed`, `no answer: ECONNREFUSED`. */
  readonly answers: { readonly [answer: string]: number }
  readonly medianMs: number
  readonly slowestMs: number
}

export function summarizeTrigger(deliveries: readonly TriggeredDelivery[]): TriggerSummary {
  const attempts = deliveries.flatMap((delivery) => delivery.attempts)
  const answers = new Map<string, number>()
  for (const attempt of attempts) {
    const answer = describeAttempt(attempt)
    answers.set(answer, (answers.get(answer) ?? 0) + 1)
  }
  const durations = attempts.map(({ durationMs }) => durationMs).sort((a, b) => a - b)
  return {
    deliveries: deliveries.length,
    attempts: attempts.length,
    ok: deliveries.filter(({ ok }) => ok).length,
    answers: Object.fromEntries([...answers].sort((a, b) => b[1] - a[1])),
    medianMs: round(durations[Math.floor(durations.length / 2)] ?? 0),
    slowestMs: round(durations.at(-1) ?? 0),
  }
}

function describeAttempt({ status, answer }: TriggerAttempt): string {
  if (status === undefined) return `no answer: ${answer}`
  const word = getWord(answer)
  return word === undefined ? String(status) : `${status} ${word}`
}

const round = (ms: number): number => Math.round(ms * 10) / 10

const MAX_ROWS = 60

/** Renders the deliveries as a table, unless there are too many. */
export function describeDeliveries(
  deliveries: readonly TriggeredDelivery[],
  isForged: boolean,
  look: TableLook,
): string {
  if (deliveries.length > MAX_ROWS) return ''
  const { colors } = look
  const rows = deliveries.map(({ type, eventId, isDuplicate, attempts, ok }) => [
    ok ? colors.green('✓') : colors.red('✗'),
    type,
    `${isForged ? 'forged' : 'genuine'}${isDuplicate ? ', again' : ''}`,
    eventId.slice(0, 14),
    attempts.reduce((sum, { durationMs }) => sum + durationMs, 0).toFixed(0),
    printable(describeAttempts(attempts)),
  ])
  return `${renderTable({ head: ['', 'type', 'delivery', 'event', 'ms', 'answer'], rows }, look)}\n`
}

/** Joins equal answers in a row: `9 × 503, then 200 processed`. */
function describeAttempts(attempts: readonly TriggerAttempt[]): string {
  const runs: { answer: string; count: number }[] = []
  for (const answer of attempts.map(describeAttempt)) {
    const last = runs.at(-1)
    if (last?.answer === answer) last.count += 1
    else runs.push({ answer, count: 1 })
  }
  return runs.map(({ answer, count }) => (count === 1 ? answer : `${count} × ${answer}`)).join(', then ')
}

/** Describes the run for people. */
export function describeTrigger(
  { deliveries, attempts, ok, answers, medianMs, slowestMs }: TriggerSummary,
  isForged: boolean,
  hints: readonly string[],
  { colors, columns }: TableLook,
): string {
  const color = ok === deliveries ? colors.green : colors.red
  const what = isForged ? 'forged deliveries were refused' : 'deliveries ended with 200'
  const lines = [
    color(`${ok} of ${deliveries} ${what}.`),
    `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}; median ${medianMs} ms, slowest ${slowestMs} ms.`,
    ...Object.entries(answers).map(([answer, count]) => `  ${String(count).padStart(6)} × ${printable(answer)}`),
    ...(hints.length > 0 ? [''] : []),
    ...hints.map((hint) => wrap(printable(hint, 600), columns)),
  ]
  return `${lines.join('\n')}\n`
}

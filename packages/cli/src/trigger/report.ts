import { printable } from '../output/event-lines.js'
import { renderTable, type TableLook } from '../output/table.js'
import type { TriggeredDelivery } from './run.js'

/** What a run of deliveries came to. */
export interface TriggerSummary {
  readonly deliveries: number
  readonly attempts: number
  /** How many ended as they should. */
  readonly ok: number
  /** How many attempts were answered how: `200 processed`, `no answer: ECONNREFUSED`. */
  readonly answers: { readonly [answer: string]: number }
  readonly medianMs: number
  readonly slowestMs: number
}

export function summarizeTrigger(deliveries: readonly TriggeredDelivery[]): TriggerSummary {
  const attempts = deliveries.flatMap((delivery) => delivery.attempts)
  const answers = new Map<string, number>()
  for (const attempt of attempts) answers.set(words(attempt), (answers.get(words(attempt)) ?? 0) + 1)
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

type Attempt = TriggeredDelivery['attempts'][number]

/** The status, and what the body says in its `status` or `error`, as receivers of this project write it. */
function words({ status, answer }: Attempt): string {
  if (status === undefined) return `no answer: ${answer}`
  const said = /^\{"(?:status|error)":"([\w-]{1,40})"\}$/.exec(answer)?.[1]
  return said === undefined ? String(status) : `${status} ${said}`
}

const round = (ms: number): number => Math.round(ms * 10) / 10

const MAX_ROWS = 60

/** The deliveries as a table, as long as they fit a screen or three. */
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
    printable(attempts.map(words).join(', then ')),
  ])
  return `${renderTable({ head: ['', 'type', 'delivery', 'event', 'ms', 'answer'], rows }, look)}\n`
}

/** The summary in words, and what to do where all went wrong. */
export function describeTrigger(
  summary: TriggerSummary,
  isForged: boolean,
  issuerUrl: string,
  look: TableLook,
): string {
  const { colors } = look
  const { deliveries, attempts, ok, answers, medianMs, slowestMs } = summary
  const isRight = ok === deliveries
  const what = isForged ? 'forged deliveries were refused' : 'deliveries ended with 200'
  const color = isRight ? colors.green : colors.red
  const lines = [
    color(`${ok} of ${deliveries} ${what}.`),
    `${attempts} attempts; median ${medianMs} ms, slowest ${slowestMs} ms.`,
    ...Object.entries(answers).map(([answer, count]) => `  ${String(count).padStart(6)} × ${printable(answer)}`),
  ]
  if (!isRight && !isForged) lines.push('', ...hints(answers, issuerUrl))
  if (!isRight && isForged)
    lines.push(
      '',
      'A forged delivery that is not refused means that anybody can sign. Run kinde-billing doctor against this endpoint.',
    )
  return `${lines.join('\n')}\n`
}

function hints(answers: TriggerSummary['answers'], issuerUrl: string): string[] {
  const all = Object.keys(answers).join(' ')
  const found: string[] = []
  if (/ECONNREFUSED|not connected/.test(all))
    found.push('Nothing listens there: start the application, and check the port in --to.')
  if (/\b401\b/.test(all))
    found.push(`The application trusts another issuer: start it with KINDE_ISSUER_URL=${issuerUrl}`)
  if (/\b404\b/.test(all)) found.push('There is no such path: check the path in --to.')
  if (/CERT/.test(all)) found.push('Its certificate is not trusted here: name its authority in NODE_EXTRA_CA_CERTS.')
  if (/body_already_parsed/.test(all))
    found.push('Something has read the body before the receiver: keep body parsers off this path.')
  return found
}

import { docsUrl } from '@kinde-billing/core/internal'
import { eventLines, printable } from '../output/event-lines.js'
import { renderTable, type TableLook } from '../output/table.js'
import { wrap } from '../output/wrap.js'
import type { CapturedRequest } from './raw-http.js'
import type { Problem, Verification } from './verify.js'

/** Describes a verification for people. */
export function describeVerification(verification: Verification, look: TableLook): string {
  const { problem, event, status, answer, warnings } = verification
  const lines = [describeResult(verification, look)]
  if (problem !== undefined) lines.push(...describeProblem(problem, look))
  if (event !== undefined) lines.push('', renderTable({ head: ['event', ''], rows: eventLines(event) }, look).trimEnd())
  lines.push('', `A receiver answers ${status} ${answer}`)
  lines.push(
    ...warnings.map((warning) => wrap(printable(warning, 600), look.columns, `${look.colors.yellow('Note')}  `)),
  )
  return `${lines.join('\n')}\n`
}

function describeResult({ ok, unsupportedType, problem }: Verification, { colors, columns }: TableLook): string {
  if (unsupportedType !== undefined)
    return wrap(
      `${colors.green('Authentic')}, but not a billing event: ${printable(unsupportedType)}. Receivers acknowledge it.`,
      columns,
    )
  if (ok) return `${colors.green('Authentic')}: a billing event signed by this issuer.`
  return `${colors.red('Refused')}: ${problem?.code ?? 'unknown'}`
}

function describeProblem({ code, message, issues, fix }: Problem, { colors, columns }: TableLook): string[] {
  return [
    '',
    wrap(message, columns),
    ...issues.map((issue) => wrap(`${issue.path.join('.')} ${issue.message}`, columns, '  ')),
    '',
    wrap(`${fix} ${docsUrl(code)}`, columns, `${colors.bold('Fix')}  `),
  ]
}

/** Converts a verification to JSON. */
export function verificationJson({ event, ...rest }: Verification, request: CapturedRequest): object {
  const webhookId = request.headers['webhook-id']
  return { ...rest, event: event ?? null, request: { method: request.method, webhookId: webhookId ?? null } }
}

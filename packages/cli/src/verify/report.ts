import { eventLines, printable } from '../output/event-lines.js'
import { renderTable, type TableLook } from '../output/table.js'
import type { CapturedRequest } from './captured-request.js'
import type { Verification } from './verify.js'

/** A verification in words, for people. */
export function describeVerification(verification: Verification, look: TableLook): string {
  const { colors } = look
  const { ok, event, unsupportedType, problem, status, answer, warnings } = verification
  const lines: string[] = []
  if (unsupportedType !== undefined)
    lines.push(
      `${colors.green('Authentic')}, and not one of the eight billing triggers: ${printable(unsupportedType)}. Receivers acknowledge it.`,
    )
  else if (ok) lines.push(`${colors.green('Authentic')}: signed by this issuer, and an event.`)
  else lines.push(`${colors.red('Refused')}: ${problem?.code ?? 'unknown'}`)
  if (problem !== undefined) {
    lines.push('', problem.message)
    lines.push(...problem.issues.map(({ path, message }) => `  ${path.join('.')} ${message}`))
    lines.push('', `${colors.bold('Mend')}  ${problem.mend}`)
  }
  if (event !== undefined) lines.push('', renderTable({ head: ['event', ''], rows: eventLines(event) }, look).trimEnd())
  lines.push('', `A receiver answers ${status} ${answer}`)
  lines.push(...warnings.map((warning) => `${colors.yellow('Note')}  ${warning}`))
  return `${lines.join('\n')}\n`
}

/** The same for programs. */
export function verificationJson({ event, ...rest }: Verification, request: CapturedRequest): object {
  const webhookId = request.headers['webhook-id']
  return { ...rest, event: event ?? null, request: { method: request.method, webhookId: webhookId ?? null } }
}

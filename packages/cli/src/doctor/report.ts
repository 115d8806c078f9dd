import { printable } from '../output/event-lines.js'
import { renderTable, type TableLook } from '../output/table.js'
import type { DoctorReport } from './doctor.js'
import type { Finding } from './faults.js'

/** A report in words, for people. */
export function describeDoctor({ checks, findings, ok }: DoctorReport, look: TableLook): string {
  const { colors } = look
  const marks = { ok: colors.green('✓'), found: colors.red('✗'), unclear: colors.yellow('?'), skipped: colors.dim('–') }
  const rows = checks.map(({ title, verdict, detail }) => [marks[verdict], title, printable(detail, 400)])
  const unseen = checks.filter(({ verdict }) => verdict === 'unclear').length
  const ending = ok
    ? colors.green('No fault found.')
    : findings.length === 0
      ? colors.yellow('No fault found, but not every check was made.')
      : colors.red(`${findings.length} ${findings.length === 1 ? 'fault' : 'faults'} found.`)
  const rest = unseen > 0 ? ` ${unseen} of ${checks.length} checks could not be seen from outside (?).` : ''
  return [
    renderTable({ head: ['', 'check', 'seen'], rows }, look),
    ...findings.map((one) => describeFinding(one, look)),
    `${ending}${rest}\n`,
  ].join('\n')
}

function describeFinding(
  { id, title, severity, confidence, evidence, production, mend }: Finding,
  { colors }: TableLook,
): string {
  const color = severity === 'error' ? colors.red : colors.yellow
  return [
    `${color(severity)}  ${colors.bold(title)}  ${colors.dim(`(${id}, ${confidence})`)}`,
    `  Seen           ${printable(evidence, 600)}`,
    `  In production  ${production}`,
    `  Mend           ${mend}`,
    '',
  ].join('\n')
}

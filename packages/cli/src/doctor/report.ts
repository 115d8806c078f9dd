import { docsUrl } from '@kinde-billing/core/internal'
import { printable } from '../output/event-lines.js'
import { renderTable, type TableLook } from '../output/table.js'
import { wrap } from '../output/wrap.js'
import type { Finding } from './faults.js'
import type { DoctorReport } from './summary.js'

/** Describes a report for people. */
export function describeDoctor(report: DoctorReport, look: TableLook): string {
  const { checks, findings } = report
  const { colors } = look
  const marks = { ok: colors.green('✓'), found: colors.red('✗'), unclear: colors.yellow('?'), skipped: colors.dim('–') }
  const rows = checks.map(({ title, verdict, detail }) => [marks[verdict], title, printable(detail, 400)])
  return [
    renderTable({ head: ['', 'check', 'seen'], rows }, look),
    ...findings.map((finding) => describeFinding(finding, look)),
    `${wrap(describeResult(report, look), look.columns)}\n`,
  ].join('\n')
}

function describeResult({ ok, isComplete, findings, checks }: DoctorReport, { colors }: TableLook): string {
  const unseen = checks.filter(({ verdict }) => verdict === 'unclear').length
  const partial = isComplete ? [] : [colors.yellow('This report is partial: the doctor was stopped.')]
  const faults = findings.length === 1 ? '1 fault found.' : `${findings.length} faults found.`
  const result = ok
    ? colors.green('No fault found.')
    : findings.length === 0
      ? colors.yellow('No fault found, but not every check was made.')
      : colors.red(faults)
  const rest = unseen > 0 ? [`${unseen} of ${checks.length} checks could not be seen from outside (?).`] : []
  return [...partial, result, ...rest].join(' ')
}

function describeFinding(finding: Finding, { colors, columns }: TableLook): string {
  const { id, title, severity, confidence, evidence, impact, fix } = finding
  const color = severity === 'error' ? colors.red : colors.yellow
  return [
    wrap(`${color(severity)}  ${colors.bold(title)}  ${colors.dim(`(${id}, ${confidence})`)}`, columns),
    wrap(printable(evidence, 600), columns, '  Seen    '),
    wrap(impact, columns, '  Impact  '),
    wrap(`${fix} ${docsUrl(id, 'doctor')}`, columns, '  Fix     '),
    '',
  ].join('\n')
}

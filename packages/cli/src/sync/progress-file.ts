import { appendFile, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { SyncEntry, SyncReport } from '@kinde-billing/management'
import { createProgress } from '../output/progress.js'
import type { Terminal } from '../terminal.js'
import { UsageError } from '../usage-error.js'

/** The progress of a run: on the terminal, and in a file if there is one. */
export interface SyncProgress {
  readonly resumeFrom: SyncReport | undefined
  update(report: SyncReport): Promise<void>
  /** Removes the file of a complete run, and saves the last report of another. */
  end(report?: SyncReport): Promise<void>
}

/** One line of the file: a report with only those customers that no earlier line has. The last line counts. */
interface ProgressLine extends SyncReport {
  /** How many customers the earlier lines have. */
  readonly after: number
}

const SAVE_EVERY_MS = 1000

/**
 * Opens the progress of a run.
 *
 * @throws UsageError if the file cannot be read, or is of another kind of run
 */
export async function openProgress(
  file: string | undefined,
  dryRun: boolean,
  terminal: Terminal,
): Promise<SyncProgress> {
  const path = file === undefined ? undefined : resolve(terminal.cwd, file)
  const bar = createProgress(terminal)
  const resumeFrom = path === undefined ? undefined : await readReport(path, dryRun)
  let last = resumeFrom
  let savedAt = performance.now()
  let savedCustomers = 0
  let savedPending = ''

  async function save(to: string, report: SyncReport): Promise<void> {
    await (savedCustomers === 0 ? replaceFile(to, report) : appendFile(to, toLine(report, savedCustomers)))
    savedCustomers = report.customers.length
    savedAt = performance.now()
  }

  return {
    resumeFrom,
    async update(report) {
      last = report
      bar.update(report.checked, report.checked, 'customers')
      const pending = report.pending.map(({ customerId }) => customerId).join(' ')
      // before a state is saved, the file must know of it; after that, a line is only worth the time that it spares
      const isAnnounced = pending !== '' && pending !== savedPending
      savedPending = pending
      if (path !== undefined && (isAnnounced || performance.now() - savedAt >= SAVE_EVERY_MS)) await save(path, report)
    },
    async end(report = last) {
      bar.clear()
      if (path === undefined) return
      if (report?.complete === true) await rm(path, { force: true })
      else if (report !== undefined) await replaceFile(path, report)
    },
  }
}

const toLine = (report: SyncReport, after: number): string =>
  `${JSON.stringify({ ...report, customers: report.customers.slice(after), after } satisfies ProgressLine)}\n`

/** A reader never sees half a file. */
async function replaceFile(path: string, report: SyncReport): Promise<void> {
  await writeFile(`${path}.part`, toLine(report, 0))
  await rename(`${path}.part`, path)
}

async function readReport(path: string, dryRun: boolean): Promise<SyncReport | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new UsageError(`Cannot read ${path} (${error.code}).`)
  })
  if (text === undefined) return undefined
  const report = parseReport(text)
  if (report === undefined || report.dryRun !== dryRun)
    throw new UsageError(
      `${path} is not the progress of ${dryRun ? 'a comparison' : 'a sync that changes states'}. Delete it, or name another file with --progress.`,
    )
  return report
}

/** Joins the lines. A run that was killed may have left half of the last one. */
function parseReport(text: string): SyncReport | undefined {
  let report: SyncReport | undefined
  const customers: SyncEntry[] = []
  for (const line of text.split('\n')) {
    const next = parseLine(line)
    if (next === undefined || next.after !== customers.length) break
    customers.push(...next.customers)
    const { after: _, ...rest } = next
    report = { ...rest, customers }
  }
  return report
}

function parseLine(line: string): ProgressLine | undefined {
  try {
    const value: ProgressLine = JSON.parse(line)
    const hasLists = [value.customers, value.ahead, value.pending].every(Array.isArray)
    return value.version === 1 && typeof value.after === 'number' && hasLists ? value : undefined
  } catch {
    return undefined
  }
}

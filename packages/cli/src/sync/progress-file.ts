import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { SyncReport } from '@kinde-billing/management'
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
  let last: SyncReport | undefined
  let savedAt = performance.now()
  return {
    resumeFrom: path === undefined ? undefined : await readReport(path, dryRun),
    async update(report) {
      last = report
      bar.update(report.checked, report.checked, 'customers')
      if (path === undefined || performance.now() - savedAt < SAVE_EVERY_MS) return
      await save(path, report)
      savedAt = performance.now()
    },
    async end(report = last) {
      bar.clear()
      if (path === undefined) return
      if (report?.complete === true) await rm(path, { force: true })
      else if (report !== undefined) await save(path, report)
    },
  }
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

function parseReport(text: string): SyncReport | undefined {
  try {
    const value: SyncReport = JSON.parse(text)
    return value.version === 1 && Array.isArray(value.customers) && Array.isArray(value.ahead) ? value : undefined
  } catch {
    return undefined
  }
}

/** A reader never sees half a file. */
async function save(path: string, report: SyncReport): Promise<void> {
  await writeFile(`${path}.part`, JSON.stringify(report))
  await rename(`${path}.part`, path)
}

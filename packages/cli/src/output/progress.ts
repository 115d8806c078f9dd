import type { Terminal } from '../terminal.js'

/** A progress bar on standard error, drawn only on a terminal. */
export interface Progress {
  update(done: number, total: number, label: string): void
  clear(): void
}

const MAX_CELLS = 24
const MIN_CELLS = 5
const REDRAW_MS = 80
const ERASE_LINE = '\r\x1b[2K'

/** Creates a progress bar that fits one line of the terminal. */
export function createProgress({ err, isInteractive, columns }: Terminal): Progress {
  let drawnAt = Number.NEGATIVE_INFINITY
  return {
    update(done, total, label) {
      const now = performance.now()
      if (!isInteractive || (now - drawnAt < REDRAW_MS && done < total)) return
      drawnAt = now
      err(ERASE_LINE + progressLine(done, total, label, columns))
    },
    clear() {
      if (isInteractive && drawnAt > Number.NEGATIVE_INFINITY) err(ERASE_LINE)
    },
  }
}

/** The last column stays empty: terminals wrap a line that fills it. */
function progressLine(done: number, total: number, label: string, columns: number): string {
  const width = columns - 1
  const text = `${done}/${total} ${label}`
  const cells = Math.min(MAX_CELLS, width - text.length - 1)
  if (cells < MIN_CELLS) return text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…` : text
  const filled = total === 0 ? cells : Math.round((done / total) * cells)
  return `${'█'.repeat(filled)}${'░'.repeat(cells - filled)} ${text}`
}

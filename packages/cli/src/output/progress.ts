import type { Terminal } from '../terminal.js'

/** A bar that is drawn over itself on standard error, and only where a person watches. */
export interface Progress {
  update(done: number, total: number, what: string): void
  clear(): void
}

const CELLS = 24
const REDRAW_MS = 80

export function createProgress({ err, isInteractive, columns }: Terminal): Progress {
  let drawnAt = Number.NEGATIVE_INFINITY
  return {
    update(done, total, what) {
      const now = performance.now()
      if (!isInteractive || (now - drawnAt < REDRAW_MS && done < total)) return
      drawnAt = now
      const filled = total === 0 ? CELLS : Math.round((done / total) * CELLS)
      const line = `${'█'.repeat(filled)}${'░'.repeat(CELLS - filled)} ${done}/${total} ${what}`
      err(`\r\x1b[2K${line.slice(0, columns - 1)}`)
    },
    clear() {
      if (isInteractive && drawnAt > Number.NEGATIVE_INFINITY) err('\r\x1b[2K')
    },
  }
}

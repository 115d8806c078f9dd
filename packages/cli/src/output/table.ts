import { stripVTControlCharacters } from 'node:util'
import Table from 'cli-table3'
import type { Colors } from '../terminal.js'

/** A table for people. */
export interface TableContent {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** How wide, and whether in colour. */
export interface TableLook {
  /** The width of a line, in characters: the last column is wrapped to fit. */
  readonly columns: number
  readonly colors: Colors
}

const LINES = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '' } as const
const NO_MIDDLE = { 'bottom-left': '', 'bottom-right': '', left: '', 'left-mid': '', mid: '', 'mid-mid': '' } as const
const NO_RIGHT = { right: '', 'right-mid': '', middle: '  ' } as const

/** Lays out columns side by side under their headings. Cells may hold colours; the last column is wrapped. */
export function renderTable({ head, rows }: TableContent, { columns, colors }: TableLook): string {
  const widths = head.map((title, column) => widthOf([title, ...rows.map((row) => row[column] ?? '')]))
  const taken = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0)
  const last = Math.max(24, Math.min(widths.at(-1) ?? 0, columns - taken))
  const table = new Table({
    head: head.map((title) => colors.bold(title)),
    chars: { ...LINES, ...NO_MIDDLE, ...NO_RIGHT },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colWidths: [...widths.slice(0, -1), last],
    wordWrap: true,
    wrapOnWordBoundary: true,
  })
  table.push(...rows.map((row) => [...row]))
  return `${table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')}\n`
}

function widthOf(cells: readonly string[]): number {
  return Math.max(...cells.map((cell) => stripVTControlCharacters(cell).length))
}

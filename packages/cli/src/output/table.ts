import Table from 'cli-table3'
import displayWidth from 'string-width'
import type { Colors } from '../terminal.js'
import { wrap } from './wrap.js'

/** A table for people. */
export interface TableContent {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** Width in characters, and colors. */
export interface TableLook {
  readonly columns: number
  readonly colors: Colors
}

const LINES = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '' } as const
const NO_MIDDLE = { 'bottom-left': '', 'bottom-right': '', left: '', 'left-mid': '', mid: '', 'mid-mid': '' } as const
const NO_RIGHT = { right: '', 'right-mid': '', middle: '  ' } as const
const MIN_LAST_COLUMN = 24

/**
 * Renders a table. Cells may contain colors. The last column is wrapped to the terminal; if there is too little room for
 * it, each row becomes a block of lines.
 */
export function renderTable(content: TableContent, look: TableLook): string {
  const { head, rows } = content
  const widths = head.map((title, column) => widestOf([title, ...rows.map((row) => row[column] ?? '')]))
  const taken = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0)
  const widest = widths.at(-1) ?? 0
  const room = look.columns - taken
  if (room < Math.min(widest, MIN_LAST_COLUMN)) return renderBlocks(content, look)
  return renderColumns(content, look, [...widths.slice(0, -1), Math.max(1, Math.min(widest, room))])
}

function renderColumns({ head, rows }: TableContent, { colors }: TableLook, colWidths: number[]): string {
  const table = new Table({
    head: head.map((title) => colors.bold(title)),
    chars: { ...LINES, ...NO_MIDDLE, ...NO_RIGHT },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colWidths,
    wordWrap: true,
    wrapOnWordBoundary: !rows.some((row) => longestWord(row.at(-1) ?? '') > (colWidths.at(-1) ?? 0)),
  })
  table.push(...rows.map((row) => [...row]))
  return `${table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')}\n`
}

/** The columns up to the first titled one make a line; the others follow on the next. */
function renderBlocks({ head, rows }: TableContent, { columns, colors }: TableLook): string {
  const blocks = rows.map((row) => {
    const first = head.findIndex((title) => title !== '')
    const details = row.flatMap((cell, column) => {
      const label = head[column] ?? ''
      if (column <= first || cell === '') return []
      return [label === '' ? cell : `${colors.dim(label)} ${cell}`]
    })
    const title = wrap(row.slice(0, first + 1).join(' '), columns)
    return details.length === 0 ? title : `${title}\n${wrap(details.join('  '), columns, '    ')}`
  })
  return `${blocks.join('\n')}\n`
}

const widestOf = (cells: readonly string[]): number => Math.max(...cells.map((cell) => displayWidth(cell)))

const longestWord = (cell: string): number => widestOf(cell.split(/\s+/))

import displayWidth from 'string-width'
import { printable } from '../output/event-lines.js'
import { wrapHard } from '../output/wrap.js'
import type { Colors } from '../terminal.js'
import type { RecordedDelivery } from './delivery.js'
import { describeProblem, summarizeDelivery } from './report.js'
import { type ScreenState, selectedDelivery, visibleDeliveries } from './screen-state.js'
import { readUnverifiedClaims } from './unverified.js'

/** Size of the screen, and how to color it. */
export interface ScreenLook {
  readonly rows: number
  readonly columns: number
  readonly colors: Colors
  /** Colors that leave text unchanged. */
  readonly plain: Colors
}

const HELP = 'j/k move · return details · / filter · r resend · q quit'

/** Renders the whole screen: a title, the list or the details, and a line of help. Long lines are wrapped, not cut. */
export function renderScreen(state: ScreenState, title: string, look: ScreenLook): string[] {
  const { rows, columns, colors } = look
  const head = wrapHard(title, columns - 1)
  const foot = wrapHard(describeKeys(state), columns - 1)
  const room = Math.max(1, rows - head.length - foot.length - 1)
  const { lines, first } = state.view === 'details' ? renderDetails(state, room, look) : renderList(state, room, look)
  const shown = lines.slice(first, first + room)
  const padding = Array.from({ length: room - shown.length }, () => '')
  return [...head.map((line) => colors.bold(line)), ...shown, ...padding, '', ...foot.map((line) => colors.dim(line))]
}

function describeKeys({ isFiltering, filter }: ScreenState): string {
  if (isFiltering) return `/${filter}▏`
  return filter === '' ? HELP : `filter: ${filter} · ${HELP}`
}

interface Part {
  readonly lines: readonly string[]
  /** First line to show. */
  readonly first: number
}

/** Keeps the selected delivery on the screen. */
function renderList(state: ScreenState, room: number, { columns, colors, plain }: ScreenLook): Part {
  const selected = selectedDelivery(state)
  const lines: string[] = []
  let end = room
  for (const delivery of visibleDeliveries(state)) {
    const block = wrapHard(summarizeDelivery(delivery, { columns, colors: plain }), columns - 1)
    const isSelected = delivery.id === selected?.id
    const color = isSelected ? colors.inverse : delivery.status === 200 ? plain.reset : colors.red
    lines.push(...block.map((line) => color(isSelected ? padEnd(line, columns - 1) : line)))
    if (isSelected) end = lines.length
  }
  if (lines.length > 0) return { lines, first: Math.max(0, end - room) }
  const words = state.filter === '' ? 'Waiting for deliveries …' : 'No delivery matches the filter.'
  return { lines: [colors.dim(words)], first: 0 }
}

/** Like `String.padEnd`, in columns of the terminal. */
const padEnd = (line: string, columns: number): string => line + ' '.repeat(Math.max(0, columns - displayWidth(line)))

function renderDetails(state: ScreenState, room: number, { columns, plain }: ScreenLook): Part {
  const delivery = selectedDelivery(state)
  if (delivery === undefined) return { lines: [], first: 0 }
  const lines = [
    summarizeDelivery(delivery, { columns, colors: plain }),
    ...describeProblem(delivery),
    '',
    ...claimLines(delivery),
  ].flatMap((line) => wrapHard(line, columns - 1))
  return { lines, first: Math.min(state.offset, Math.max(0, lines.length - room)) }
}

function claimLines({ request }: RecordedDelivery): string[] {
  const claims = readUnverifiedClaims(request.body)
  if (claims === undefined) return ['The body is not a token.']
  return JSON.stringify(claims, null, 2)
    .split('\n')
    .map((line) => printable(line, 2000))
}

const ENTER_SCREEN = '\x1b[?1049h\x1b[?25l'
const LEAVE_SCREEN = '\x1b[?25h\x1b[?1049l'

/** Draws on the terminal's second screen, so that the first one is as before when the command ends. */
export function createScreen(out: (text: string) => void): { draw(lines: readonly string[]): void; close(): void } {
  out(ENTER_SCREEN)
  return {
    draw(lines: readonly string[]): void {
      out(`\x1b[H${lines.map((line) => `${line}\x1b[K`).join('\r\n')}\x1b[J`)
    },
    close(): void {
      out(LEAVE_SCREEN)
    },
  }
}

import type { RecordedDelivery } from './delivery.js'

/** State of the screen. */
export interface ScreenState {
  readonly deliveries: readonly RecordedDelivery[]
  /** `id` of the selected delivery. `undefined`: the newest. */
  readonly selected: number | undefined
  readonly view: 'list' | 'details'
  /** First line of the details that is shown. */
  readonly offset: number
  readonly filter: string
  /** `true` while the filter is typed. */
  readonly isFiltering: boolean
}

export const EMPTY_SCREEN: ScreenState = {
  deliveries: [],
  selected: undefined,
  view: 'list',
  offset: 0,
  filter: '',
  isFiltering: false,
}

/** An action of the command that a key asks for. */
export type ScreenAction = 'quit' | 'resend' | undefined

/** Deliveries that match the filter, newest first. */
export function visibleDeliveries({ deliveries, filter }: ScreenState): RecordedDelivery[] {
  const words = filter.toLowerCase()
  return deliveries
    .filter(({ type, customer, eventId, outcome, status, forwarded }) =>
      [type, customer, eventId, outcome, status, forwarded?.answer].some((text) =>
        String(text ?? '')
          .toLowerCase()
          .includes(words),
      ),
    )
    .toReversed()
}

/** Returns the selected delivery, or the newest one. */
export function selectedDelivery(state: ScreenState): RecordedDelivery | undefined {
  const visible = visibleDeliveries(state)
  return visible.find(({ id }) => id === state.selected) ?? visible[0]
}

/** Applies a key. */
export function pressKey(
  state: ScreenState,
  key: string,
): { readonly state: ScreenState; readonly action: ScreenAction } {
  if (key === 'ctrl+c') return { state, action: 'quit' }
  if (state.isFiltering) return { state: typeFilter(state, key), action: undefined }
  switch (key) {
    case 'q':
      return { state, action: 'quit' }
    case 'r':
      return { state, action: 'resend' }
    case '/':
      return { state: { ...state, view: 'list', isFiltering: true }, action: undefined }
    case 'return':
    case 'o':
      return { state: { ...state, view: state.view === 'list' ? 'details' : 'list', offset: 0 }, action: undefined }
    case 'escape':
      return { state: { ...state, view: 'list', filter: state.view === 'list' ? '' : state.filter }, action: undefined }
    case 'j':
    case 'down':
      return { state: move(state, 1), action: undefined }
    case 'k':
    case 'up':
      return { state: move(state, -1), action: undefined }
    default:
      return { state, action: undefined }
  }
}

function typeFilter(state: ScreenState, key: string): ScreenState {
  if (key === 'return') return { ...state, isFiltering: false }
  if (key === 'escape') return { ...state, isFiltering: false, filter: '' }
  if (key === 'backspace') return { ...state, filter: state.filter.slice(0, -1) }
  return [...key].length === 1 ? { ...state, filter: state.filter + key } : state
}

function move(state: ScreenState, step: number): ScreenState {
  if (state.view === 'details') return { ...state, offset: Math.max(0, state.offset + step) }
  const visible = visibleDeliveries(state)
  const current = visible.findIndex(({ id }) => id === selectedDelivery(state)?.id)
  const next = visible[Math.min(visible.length - 1, Math.max(0, current + step))]
  return { ...state, selected: next?.id }
}

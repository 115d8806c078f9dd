import { stripVTControlCharacters } from 'node:util'
import pc from 'picocolors'
import { describe, expect, it } from 'vitest'
import type { RecordedDelivery } from './delivery.js'
import { renderScreen } from './screen.js'
import { EMPTY_SCREEN, pressKey, type ScreenState, selectedDelivery, visibleDeliveries } from './screen-state.js'

function delivery(id: number, changes: Partial<RecordedDelivery> = {}): RecordedDelivery {
  return {
    id,
    receivedAt: '2026-01-01T10:20:30.000Z',
    type: 'customer.agreement_cancelled',
    eventId: `event_${id}`,
    customer: 'customer_0195d3a1c7e2f4b8a6d09e5c3b7f1a42',
    isVerified: true,
    outcome: 'processed',
    status: 200,
    problem: undefined,
    forwarded: { status: 200, answer: 'processed', durationMs: 12 },
    file: undefined,
    filled: [],
    request: {
      method: 'POST',
      headers: {},
      body: `e30.${Buffer.from('{"a":"\\u202e\\u001b"}').toString('base64url')}.x`,
    },
    ...changes,
  }
}

const press = (state: ScreenState, ...keys: string[]): ScreenState =>
  keys.reduce((before, key) => pressKey(before, key).state, state)
const withDeliveries = (count: number): ScreenState => ({
  ...EMPTY_SCREEN,
  deliveries: Array.from({ length: count }, (_, index) => delivery(index + 1)),
})

describe('keys', () => {
  it('move the selection from the newest delivery to the oldest', () => {
    const state = withDeliveries(3)
    expect(selectedDelivery(state)?.id).toBe(3)
    expect(selectedDelivery(press(state, 'j', 'down'))?.id).toBe(1)
    expect(selectedDelivery(press(state, 'j', 'j', 'j', 'k'))?.id).toBe(2)
  })

  it('filter while typing, and stop at escape', () => {
    const state = { ...withDeliveries(2), deliveries: [delivery(1), delivery(2, { type: 'user.created' })] }
    const filtered = press(state, '/', 'u', 's', 'e', 'x', 'backspace', 'r', 'return')
    expect(visibleDeliveries(filtered).map(({ id }) => id)).toStrictEqual([2])
    expect(visibleDeliveries(press(filtered, 'escape'))).toHaveLength(2)
    expect(press(state, '/', 'q').filter).toBe('q')
  })

  it('quit, also while a filter is typed', () => {
    expect(pressKey(EMPTY_SCREEN, 'q').action).toBe('quit')
    expect(pressKey(press(EMPTY_SCREEN, '/'), 'ctrl+c').action).toBe('quit')
  })
})

describe.each([60, 200])('the screen on %i columns', (columns) => {
  const look = { rows: 12, columns, colors: pc.createColors(true), plain: pc.createColors(false) }

  it.each([
    ['empty', EMPTY_SCREEN],
    ['a list', withDeliveries(40)],
    ['the end of a list', press(withDeliveries(40), ...Array.from({ length: 39 }, () => 'j'))],
    ['details', press(withDeliveries(2), 'return')],
    ['a filter', press(withDeliveries(2), '/', 'x')],
  ])('fits: %s', (_what, state) => {
    const lines = renderScreen(
      state,
      'Listening at http://127.0.0.1:4418, forwarding to http://localhost:3000/hook',
      look,
    )
    expect(lines).toHaveLength(12)
    for (const line of lines) expect(stripVTControlCharacters(line).length).toBeLessThan(columns)
    expect(lines.join('')).not.toContain('…\n')
  })

  it('keeps the selected delivery in view, and escapes what is not printable', () => {
    const end = press(withDeliveries(40), ...Array.from({ length: 39 }, () => 'j'))
    expect(renderScreen(end, 'x', look).join('\n')).toMatch(/(?:^|\W|m)1 10:20:30/)
    expect(renderScreen(press(withDeliveries(1), 'return'), 'x', look).join('\n')).toContain('\\u202e')
  })
})

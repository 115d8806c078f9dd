import { stripVTControlCharacters } from 'node:util'
import pc from 'picocolors'
import { describe, expect, it } from 'vitest'
import { recordingTerminal } from '../../test/recording-terminal.js'
import { createProgress } from './progress.js'
import { renderTable } from './table.js'
import { wrap } from './wrap.js'

const widest = (text: string): number =>
  Math.max(...text.split(/[\n\r]/).map((line) => stripVTControlCharacters(line).length))
const colors = pc.createColors(true)
const content = {
  head: ['', 'type', 'delivery', 'event', 'ms', 'answer'],
  rows: [
    [
      '✓',
      'customer.agreement_cancelled',
      'genuine, again',
      'event_12345678',
      '1234',
      '9 × 503 handler_failed, then 200 processed',
    ],
  ],
}

describe.each([40, 60, 80, 100, 200])('on %i columns', (columns) => {
  it('fits a table, and cuts nothing of it', () => {
    const table = renderTable(content, { columns, colors })
    expect(widest(table)).toBeLessThanOrEqual(columns)
    expect(table).not.toContain('…')
    const words = stripVTControlCharacters(table).replace(/\s+/g, ' ')
    for (const word of [
      'customer.agreement_cancelled',
      'genuine, again',
      'event_12345678',
      '1234',
      'handler_failed',
      'processed',
    ])
      expect(words).toContain(word)
  })

  it('fits a progress bar', async () => {
    const { terminal, written } = await recordingTerminal({ columns, isInteractive: true })
    createProgress(terminal).update(9999, 10_000, 'deliveries, 123 failed')
    createProgress(terminal).update(10, 10, 'another event under a used webhook-id, and more words than fit')
    expect(widest(written.err)).toBeLessThan(columns)
    expect(written.err).toContain('9999/10000 deliveries')
  })

  it('indents a paragraph', () => {
    const text = wrap('word '.repeat(60).trim(), columns, '  Fix  ')
    expect(text.startsWith('  Fix  word word')).toBe(true)
    expect(
      text
        .split('\n')
        .slice(1)
        .every((line) => line.startsWith('       word')),
    ).toBe(true)
  })
})

describe('progress', () => {
  it('is silent without a terminal', async () => {
    const { terminal, written } = await recordingTerminal({ isInteractive: false })
    const progress = createProgress(terminal)
    progress.update(1, 2, 'x')
    progress.clear()
    expect(written.err).toBe('')
  })
})

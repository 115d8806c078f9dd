import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { html, showHidden } from './html.js'

describe('html', () => {
  it('escapes every text, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { markup } = html`<p title="${text}">${text}</p>`
        const inner = markup.slice('<p title="'.length, -'</p>'.length)
        expect(inner.split('">')).toHaveLength(2)
        expect(inner.replace('">', '')).not.toMatch(/[<>"']/)
      }),
    )
  })

  it('shows characters that hide or turn text round, and keeps joiners', () => {
    expect(showHidden('a\u202eb\u2066\u200b\u0000\ud800\u0085')).toBe(
      'a[U+202E]b[U+2066][U+200B][U+0000][U+D800][U+0085]',
    )
    expect(showHidden('👩‍💻 line\nline')).toBe('👩‍💻 line\nline')
  })

  it('takes nothing for markup that only looks like it', () => {
    const forged = { markup: '<script>' }
    expect(() => html`${forged}`).toThrow(TypeError)
    expect(html`${[html`<b>`, '<i>', undefined, false, 7]}`.markup).toBe('<b>&lt;i&gt;7')
  })
})

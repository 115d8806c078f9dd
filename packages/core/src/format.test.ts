import { expect, it } from 'vitest'
import { errorMessage, format } from './format.js'

it.each([
  ['plain', '"plain"'],
  ['a "b"\n\u001b[31m', '"a \\"b\\"\\n\\u001b[31m"'],
  ['\u007f\u0085é\u202e\u2028', '"\\u007f\\u0085\\u00e9\\u202e\\u2028"'],
  ['\ud800', '"\\ud800"'],
  ['x'.repeat(12), '"xxxxxxxxxxxx"'],
  ['x'.repeat(13), '"xxxxxxxxxxxx..."'],
  [1.5, '1.5'],
  [Number.NaN, 'NaN'],
  [null, 'null'],
  [undefined, 'undefined'],
  [true, 'true'],
  [['secret'], 'an array'],
  [{ secret: 1 }, 'an object'],
  [() => 'secret', 'a function'],
  [10n, 'a bigint'],
])('a value is put into words: %#', (value, words) => {
  expect(format(value, 12)).toBe(words)
})

it('a reason is put into words, whatever it is', () => {
  expect(errorMessage(new Error('a\nb'), 12)).toBe('a\\nb')
  expect(errorMessage('gone', 12)).toBe('gone')
  expect(errorMessage({ toString: null }, 12)).toBe('a value that cannot be put into words')
})

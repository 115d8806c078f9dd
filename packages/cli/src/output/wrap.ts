import { Help } from 'commander'
import displayWidth from 'string-width'
import wrapAnsi from 'wrap-ansi'

const help = new Help()
help.minWidthToWrap = 10
// an emoji or a Chinese character takes two columns
help.displayWidth = (text) => displayWidth(text)

/**
 * Wraps a paragraph to a width. Further lines are indented like the first.
 *
 * @param indent Printed before the first line, such as `'  Fix     '`. Further lines get as many spaces.
 */
export function wrap(text: string, columns: number, indent = ''): string {
  const width = help.displayWidth(indent)
  const lines = help.boxWrap(text, Math.max(help.minWidthToWrap, columns - width)).split('\n')
  return lines.map((line, index) => `${index === 0 ? indent : ' '.repeat(width)}${line}`).join('\n')
}

/** Like {@link wrap}, as lines, and breaks words that are longer than a line: for a screen that is redrawn. */
export function wrapHard(text: string, columns: number): string[] {
  return wrapAnsi(wrap(text, columns), columns, { hard: true, wordWrap: false, trim: false }).split('\n')
}

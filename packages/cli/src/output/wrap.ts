import { Help } from 'commander'

const help = new Help()
help.minWidthToWrap = 10

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

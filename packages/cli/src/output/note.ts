import type { Terminal } from '../terminal.js'
import { wrap } from './wrap.js'

/** Writes a line to standard error, wrapped on a terminal. */
export function writeNote({ err, isInteractive, columns }: Terminal, text: string): void {
  err(`${isInteractive ? wrap(text, columns) : text}\n`)
}

/** Writes an error: its code or `error` in red, and the message. */
export function writeError(terminal: Terminal, message: string, code = 'error'): void {
  writeNote(terminal, `${terminal.colors.red(code)}: ${message}`)
}

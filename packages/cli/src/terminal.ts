import { emitKeypressEvents, type Key } from 'node:readline'
import { stripVTControlCharacters } from 'node:util'
import pc from 'picocolors'

export type Colors = ReturnType<typeof pc.createColors>

/** What a command reads from and writes to: the process, or a test. */
export interface Terminal {
  /** Writes results to standard output. */
  out(text: string): void
  /** Writes progress, notes and errors to standard error. */
  err(text: string): void
  readonly stdin: AsyncIterable<Uint8Array | string> & { destroy?(): void }
  readonly env: { readonly [name: string]: string | undefined }
  /** Base of relative paths. */
  readonly cwd: string
  /** `true` if `err` is a terminal, so that a progress bar can redraw its line. */
  readonly isInteractive: boolean
  /** Characters per line. */
  readonly columns: number
  readonly colors: Colors
  /** Key presses. `undefined` if standard input or output is not a terminal. */
  readonly keyboard: Keyboard | undefined
  /** Aborted by Ctrl-C. The command then stops and prints what it has. */
  readonly signal: AbortSignal
}

/** A terminal that a person types into. */
export interface Keyboard {
  /** Lines of the screen. */
  readonly rows: number
  readonly columns: number
  /**
   * Calls the listener with each key: the character, or the key's name, such as `up`, `return` or `ctrl+c`; and with
   * `resize` when the size has changed.
   *
   * @returns A function that stops listening and restores the terminal.
   */
  onKey(listener: (key: string) => void): () => void
}

const DEFAULT_COLUMNS = 100

/** Returns the terminal of this process. */
export function processTerminal(): Terminal {
  const { stdin, stdout, stderr, env } = process
  const hasTerminal = { out: stdout.isTTY === true, err: stderr.isTTY === true }
  let signal: AbortSignal | undefined
  return {
    out: (text) => void stdout.write(text),
    // colors follow standard output, and standard error may be a file
    err: (text) => void stderr.write(hasTerminal.err ? text : stripVTControlCharacters(text)),
    stdin,
    env,
    cwd: process.cwd(),
    isInteractive: hasTerminal.err && env.TERM !== 'dumb',
    columns: stdout.columns || stderr.columns || DEFAULT_COLUMNS,
    colors: pc.createColors(hasTerminal.out && pc.isColorSupported),
    keyboard: hasTerminal.out && stdin.isTTY === true && env.TERM !== 'dumb' ? processKeyboard() : undefined,
    get signal() {
      // only on request: Ctrl-C ends a command that does not ask for the signal
      signal ??= onInterrupt()
      return signal
    },
  }
}

/** Aborts at the first Ctrl-C or SIGTERM. The second one ends the process. */
function onInterrupt(): AbortSignal {
  const controller = new AbortController()
  process.once('SIGINT', () => controller.abort())
  process.once('SIGTERM', () => controller.abort())
  return controller.signal
}

function processKeyboard(): Keyboard {
  const { stdin, stdout } = process
  return {
    get rows() {
      return stdout.rows
    },
    get columns() {
      return stdout.columns
    },
    onKey(listener) {
      const onKeypress = (text: string | undefined, { name, ctrl }: Key): void => {
        const isPrintable = text !== undefined && /^[^\p{Cc}]$/u.test(text) && ctrl !== true
        const key = isPrintable ? text : ctrl === true ? `ctrl+${name}` : name
        if (key !== undefined) listener(key)
      }
      emitKeypressEvents(stdin)
      stdin.setRawMode(true)
      stdin.on('keypress', onKeypress).resume()
      const onResize = (): void => listener('resize')
      stdout.on('resize', onResize)
      return () => {
        stdout.off('resize', onResize)
        stdin.off('keypress', onKeypress).pause()
        stdin.setRawMode(false)
      }
    },
  }
}

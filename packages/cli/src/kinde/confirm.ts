import type { Keyboard, Terminal } from '../terminal.js'
import { UsageError } from '../usage-error.js'

/**
 * Asks before something is changed in Kinde or in a database.
 *
 * @param question - without a question mark at the end
 * @returns `true` with `--yes` and for an answer of y or yes
 * @throws UsageError if there is no person to ask
 */
export async function confirm(
  question: string,
  { yes = false }: { readonly yes?: boolean | undefined },
  terminal: Terminal,
): Promise<boolean> {
  if (yes) return true
  if (!terminal.isInteractive) throw new UsageError(`${question}? There is no terminal to ask on. Pass --yes to do it.`)
  terminal.err(`${question}? [y/N] `)
  // a command that reads keys afterwards needs standard input open
  const answer =
    terminal.keyboard === undefined ? await readLine(terminal) : await readKeys(terminal.keyboard, terminal)
  return /^y(?:es)?$/i.test(answer.trim())
}

/** Reads keys until return. Ctrl-C and escape answer nothing. */
async function readKeys(keyboard: Keyboard, { err }: Pick<Terminal, 'err'>): Promise<string> {
  let text = ''
  let stop = (): void => {}
  await new Promise<void>((done) => {
    stop = keyboard.onKey((key) => {
      if (key === 'return' || key === 'enter') return done()
      if (key === 'escape' || key.startsWith('ctrl+')) {
        text = ''
        return done()
      }
      if (key === 'backspace') text = text.slice(0, -1)
      else if ([...key].length === 1) text += key
      err(key === 'backspace' ? '\b \b' : [...key].length === 1 ? key : '')
    })
  })
  stop()
  err('\n')
  return text
}

/** Reads a line. Ctrl-C answers nothing, and ends the reading, which would keep the process alive. */
async function readLine({ stdin, signal }: Pick<Terminal, 'stdin' | 'signal'>): Promise<string> {
  const stop = (): void => stdin.destroy?.()
  signal.addEventListener('abort', stop, { once: true })
  let line = ''
  try {
    for await (const chunk of stdin) {
      line += typeof chunk === 'string' ? chunk : new TextDecoder().decode(chunk)
      const end = line.indexOf('\n')
      if (end !== -1) return line.slice(0, end)
    }
    return line
  } catch (error) {
    if (signal.aborted) return ''
    throw error
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

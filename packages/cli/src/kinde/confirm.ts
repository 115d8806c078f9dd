import type { Terminal } from '../terminal.js'
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
  const answer = await readLine(terminal.stdin)
  return /^y(?:es)?$/i.test(answer.trim())
}

async function readLine(stdin: Terminal['stdin']): Promise<string> {
  let line = ''
  for await (const chunk of stdin) {
    line += typeof chunk === 'string' ? chunk : new TextDecoder().decode(chunk)
    const end = line.indexOf('\n')
    if (end !== -1) return line.slice(0, end)
  }
  return line
}

import type { Command } from 'commander'
import type { ExitCode } from './exit-codes.js'
import type { Terminal } from './terminal.js'

/** Context of a command beyond its arguments. */
export interface CommandContext {
  readonly terminal: Terminal
  /** Sets the exit code. Without it a command ends with 0. */
  exit(code: ExitCode): void
}

/** Adds one command, with its flags and its help, to the program. `commands.ts` lists them. */
export type AddCommand = (program: Command, context: CommandContext) => void

/** The help of one command. */
export interface CommandHelp {
  /** One sentence, also shown in the list of commands. */
  readonly summary: string
  /** Paragraphs after the summary. They are wrapped to the terminal. */
  readonly details?: string
  /** Command lines without `kinde-billing`, one each. */
  readonly examples: readonly string[]
  /** Paragraphs after the examples, printed as written. */
  readonly notes?: string
  /** When the command exits with 0 and with 1. */
  readonly exitCodes: { readonly ok: string; readonly finding?: string }
}

/** Sets a command's help. Every command calls this, so that all of them read alike. */
export function addHelp(command: Command, { summary, details, examples, notes, exitCodes }: CommandHelp): Command {
  const paragraphs = [
    `Examples:\n${examples.map((example) => `  kinde-billing ${example}`).join('\n')}`,
    ...(notes === undefined ? [] : [notes]),
    ['Exit codes:', `  0  ${exitCodes.ok}`]
      .concat(
        exitCodes.finding === undefined ? [] : `  1  ${exitCodes.finding}`,
        '  2  the command was called incorrectly',
      )
      .join('\n'),
  ]
  return command
    .summary(summary)
    .description(details === undefined ? summary : `${summary}\n\n${details}`)
    .addHelpText('after', `\n${paragraphs.join('\n\n')}\n`)
}

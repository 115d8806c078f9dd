import type { Command } from 'commander'
import type { ExitCode } from './exit-codes.js'
import { wrap } from './output/wrap.js'
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
  /** Paragraphs after the examples. They are wrapped to the terminal. */
  readonly notes?: string
  /** When the command exits with 0 and with 1. */
  readonly exitCodes: { readonly ok: string; readonly finding?: string }
}

/** Sets a command's help. Every command calls this, so that all of them read alike. */
export function addHelp(command: Command, help: CommandHelp): Command {
  const { summary, details } = help
  return command
    .summary(summary)
    .description(details === undefined ? summary : `${summary}\n\n${details}`)
    .addHelpText('after', () => {
      const { getOutHelpWidth = () => 80 } = command.configureOutput()
      return `\n${describeRest(help, getOutHelpWidth())}\n`
    })
}

function describeRest({ examples, notes, exitCodes }: CommandHelp, columns: number): string {
  const lines = examples.map((example) => wrapCommand(`kinde-billing ${example}`, columns))
  const { ok, finding } = exitCodes
  const paragraphs = [
    `Examples:\n${lines.join('\n')}`,
    ...(notes === undefined ? [] : notes.split('\n\n').map((note) => wrap(note.replaceAll('\n', ' '), columns))),
    describeExitCodes([ok, finding, 'the command was called incorrectly'], columns),
  ]
  return paragraphs.join('\n\n')
}

/** Lists the meaning of each exit code, from 0. */
export function describeExitCodes(meanings: readonly (string | undefined)[], columns: number): string {
  const lines = meanings.flatMap((meaning, code) =>
    meaning === undefined ? [] : [wrap(meaning, columns, `  ${code}  `)],
  )
  return ['Exit codes:', ...lines].join('\n')
}

/** Breaks a command line as a shell continues it, so that it can be copied. */
function wrapCommand(line: string, columns: number): string {
  return wrap(line, columns - 4, '  ').replaceAll('\n', ' \\\n  ')
}

import { Command, CommanderError } from 'commander'
import { type CommandContext, describeExitCodes } from './command.js'
import { COMMANDS } from './commands.js'
import { EXIT, type ExitCode } from './exit-codes.js'
import { writeError, writeNote } from './output/note.js'
import type { Terminal } from './terminal.js'
import { UsageError } from './usage-error.js'

const EXIT_CODES = [
  'everything is as expected',
  'something was refused, not delivered, or found wrong',
  'the command was called incorrectly: an unknown flag, a missing file, a bad issuer',
]

/**
 * Runs the command line.
 *
 * @param args Everything after `kinde-billing`.
 * @returns The exit code. User errors never reject.
 */
export async function run(args: readonly string[], terminal: Terminal, version = '0.0.0'): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok
  const program = createProgram(version, {
    terminal,
    exit: (next) => {
      code = next
    },
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    if (!(error instanceof UsageError)) throw error
    writeError(terminal, error.message)
    return EXIT.usage
  }
}

function createProgram(version: string, context: CommandContext): Command {
  const { terminal } = context
  const program = new Command('kinde-billing')
    .description("Work with Kinde's billing webhooks: verify, test, check and record deliveries.")
    .version(version)
    .addHelpText('after', () => `\n${describeExitCodes(EXIT_CODES, terminal.columns)}\n`)
    // commander leaves narrow columns unwrapped otherwise
    .configureHelp({ minWidthToWrap: 16 })
    .showHelpAfterError('(add --help for the options)')
    .configureOutput({
      writeOut: terminal.out,
      writeErr: terminal.err,
      outputError: (text) => writeNote(terminal, text.trimEnd()),
      getOutHelpWidth: () => terminal.columns,
      getErrHelpWidth: () => terminal.columns,
    })
    .exitOverride()
  for (const addCommand of COMMANDS) addCommand(program, context)
  return program
}

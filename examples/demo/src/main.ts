import { parseArgs } from 'node:util'
import { EXIT, type ExitCode, processTerminal, run, type Terminal, UsageError } from '@kinde-billing/cli'
import { show } from './show.js'

const USAGE = `Usage:
  demo                                        every billing event and some forgeries, to a real server per adapter
  demo --issuer <domain> --token-file <file>  verifies a saved delivery (- reads standard input)
`

async function demo(terminal: Terminal): Promise<ExitCode> {
  const { issuer, 'token-file': file, help } = readArguments()
  if (help) {
    terminal.out(USAGE)
    return EXIT.ok
  }
  if (issuer === undefined && file === undefined) return (await show(terminal)) ? EXIT.ok : EXIT.finding
  if (issuer === undefined || file === undefined) throw new UsageError('--issuer and --token-file go together.')
  return run(['verify', file, '--issuer', issuer], terminal)
}

const OPTIONS = { issuer: { type: 'string' }, 'token-file': { type: 'string' }, help: { type: 'boolean' } } as const

function readArguments(): ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'] {
  try {
    return parseArgs({ options: OPTIONS }).values
  } catch (error) {
    throw error instanceof Error ? new UsageError(error.message) : error
  }
}

const terminal = processTerminal()
try {
  process.exitCode = await demo(terminal)
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  terminal.err(`${error.message}\n\n${USAGE}`)
  process.exitCode = EXIT.usage
}

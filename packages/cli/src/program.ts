import { Command, CommanderError, Option } from 'commander'
import { captureCommand } from './capture-command.js'
import { DEFAULT_ISSUER_PORT } from './development-issuer.js'
import { doctorCommand } from './doctor/doctor-command.js'
import { EXIT, type ExitCode } from './exit-codes.js'
import * as help from './help.js'
import { time, wholeNumber } from './options.js'
import type { Terminal } from './terminal.js'
import { triggerCommand } from './trigger-command.js'
import { UsageError } from './usage-error.js'
import { verifyCommand } from './verify-command.js'

/**
 * Runs the command line: everything after `kinde-billing`.
 *
 * @returns the exit code; it never rejects for what a user can do wrong
 */
export async function run(args: readonly string[], terminal: Terminal, version = '0.0.0'): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok
  const program = createProgram(terminal, version, (next) => {
    code = next
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    if (!(error instanceof UsageError)) throw error
    terminal.err(`${terminal.colors.red('error')}: ${error.message}\n`)
    return EXIT.usage
  }
}

function createProgram(terminal: Terminal, version: string, onExit: (code: ExitCode) => void): Command {
  const program = new Command('kinde-billing')
    .description(help.PROGRAM)
    .version(version)
    .addHelpText('after', help.EXIT_CODES)
    .showHelpAfterError('(add --help for the options)')
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
    .exitOverride()
  addVerify(program, terminal, onExit)
  addTrigger(program, terminal, onExit)
  addDoctor(program, terminal, onExit)
  addCapture(program, terminal, onExit)
  return program
}

type Add = (program: Command, terminal: Terminal, onExit: (code: ExitCode) => void) => void

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? ''
/** The parser wraps paragraphs to the terminal by itself. */
const unwrap = (text: string): string => text.replace(/([^\n])\n(?!\n)/g, '$1 ')

const json = (): Option => new Option('--json', 'write one JSON document, for programs')
const remote = (): Option => new Option('--allow-remote', 'allow addresses outside this machine and private networks')
const keyFile = (): Option =>
  new Option('--key-file <file>', 'the development key (default: with your other state, such as ~/.local/state)')
const data = (): Option => new Option('--data <file>', 'a JSON object, laid over the data of each event')
const dialect = (): Option =>
  new Option('--dialect <shape>', 'the shape of data: keys side by side, or objects').choices(['flat', 'nested'])
const issuerPort = (): Option =>
  new Option('--issuer-port <port>', 'where the development issuer serves its keys')
    .argParser(wholeNumber(0, 65_535))
    .default(DEFAULT_ISSUER_PORT)

const addVerify: Add = (program, terminal, onExit) => {
  program
    .command('verify')
    .summary(firstLine(help.VERIFY))
    .description(unwrap(help.VERIFY))
    .argument('<file>', 'a token, a raw HTTP request, or JSON with the body; - reads standard input')
    .option('--issuer <url>', 'your Kinde domain, such as https://acme.kinde.com (default: $KINDE_ISSUER_URL)')
    .addOption(new Option('--at <time>', 'verify as at this time, such as 2026-05-01T17:41:45Z').argParser(time))
    .option('--no-window', 'accept any age')
    .addOption(json())
    .addHelpText('after', help.VERIFY_EXAMPLES)
    .action(async (file: string, { window, ...options }) =>
      onExit(await verifyCommand(file, { ...options, hasWindow: window }, terminal)),
    )
}

const addTrigger: Add = (program, terminal, onExit) => {
  program
    .command('trigger')
    .summary(firstLine(help.TRIGGER))
    .description(unwrap(help.TRIGGER))
    .argument('<type>', 'one of the eight triggers, such as customer.plan_changed, or all')
    .requiredOption('--to <url>', 'the endpoint')
    .addOption(new Option('--count <n>', 'events of each type').argParser(wholeNumber(1, 10_000)).default(1))
    .addOption(
      new Option('--duplicates <n>', 'deliver each event so many times more')
        .argParser(wholeNumber(0, 1000))
        .default(0),
    )
    .option('--shuffle', 'deliver in another order')
    .option('--forge', 'sign with a key that the issuer does not have: refusals are what should happen')
    .addOption(dialect().default('flat'))
    .addOption(data())
    .option('--retries', "try again what is not answered 200, on Kinde's schedule, sped up")
    .addOption(
      new Option('--speed <n>', 'how many times faster than Kinde: 3600 plays 36 h in 36 s')
        .argParser(wholeNumber(216, 1_000_000_000))
        .default(3600),
    )
    .addOption(new Option('--concurrency <n>', 'requests at once').argParser(wholeNumber(1, 100)).default(1))
    .addOption(new Option('--timeout <s>', 'seconds to wait for an answer').argParser(wholeNumber(1, 300)).default(30))
    .addOption(issuerPort())
    .addOption(keyFile())
    .addOption(remote())
    .addOption(json())
    .addHelpText('after', help.TRIGGER_EXAMPLES)
    .action(async (type: string, options) => onExit(await triggerCommand(type, options, terminal)))
}

const addDoctor: Add = (program, terminal, onExit) => {
  program
    .command('doctor')
    .summary(firstLine(help.DOCTOR))
    .description(unwrap(help.DOCTOR))
    .requiredOption('--to <url>', 'the endpoint')
    .option('--ran-url <url>', 'a URL of the application that answers how often its handler ran for ?event_id=…')
    .addOption(dialect().default('flat'))
    .addOption(data())
    .addOption(issuerPort())
    .addOption(keyFile())
    .addOption(remote())
    .addOption(json())
    .addHelpText('after', help.DOCTOR_EXAMPLES)
    .action(async (options) => onExit(await doctorCommand(options, terminal)))
}

const addCapture: Add = (program, terminal, onExit) => {
  program
    .command('capture')
    .summary(firstLine(help.CAPTURE))
    .description(unwrap(help.CAPTURE))
    .addOption(new Option('--port <port>', 'where to listen').argParser(wholeNumber(0, 65_535)).default(4418))
    .option('--host <address>', 'the address to listen on', '127.0.0.1')
    .option('--out <dir>', 'where the fixtures go', 'kinde-fixtures')
    .option('--issuer <url>', 'your Kinde domain: only what it has signed is stored')
    .addOption(new Option('--limit <n>', 'end after so many fixtures').argParser(wholeNumber(1, 10_000)).default(1000))
    .addOption(json())
    .addHelpText('after', help.CAPTURE_EXAMPLES)
    .action(async (options) => onExit(await captureCommand(options, terminal)))
}

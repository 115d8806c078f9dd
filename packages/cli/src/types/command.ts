import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { describeCoverage, generateTypes, type SchemaCoverage } from '@kinde-billing/management'
import { type AddCommand, addHelp } from '../command.js'
import { EXIT, type ExitCode } from '../exit-codes.js'
import { withKinde } from '../kinde/client.js'
import { jsonOption } from '../options.js'
import { printable } from '../output/event-lines.js'
import type { Terminal } from '../terminal.js'
import { UsageError } from '../usage-error.js'

/** The options of `kinde-billing types`. */
export interface TypesCommandOptions {
  readonly out?: string | undefined
  readonly check?: boolean | undefined
  readonly json?: boolean | undefined
}

const DEFAULT_OUT = 'kinde-events.ts'
const MARK = 'Written by "kinde-billing types"'

/** `kinde-billing types` */
export const addTypes: AddCommand = (program, { terminal, exit }) => {
  const command = program
    .command('types')
    .option('--out <file>', 'file to write', DEFAULT_OUT)
    .option('--check', 'write nothing, and exit with 1 if the file is not what Kinde describes now')
    .addOption(jsonOption())
    .action(async (options: TypesCommandOptions) => exit(await typesCommand(options, terminal)))
  addHelp(command, {
    summary: "Write TypeScript types and valibot schemas from your tenant's event types.",
    details: `Pass the file's dataSchemas to a receiver, and event.data is typed. It also says which members of events the schemas feed, and which keys the SDK does not read.`,
    examples: ['types --out src/kinde-events.ts', 'types --out src/kinde-events.ts --check'],
    exitCodes: {
      ok: 'written; with --check, the file is up to date',
      finding: 'with --check, Kinde has changed; or Kinde refused, failed or could not be reached',
    },
  })
}

function typesCommand(options: TypesCommandOptions, terminal: Terminal): Promise<ExitCode> {
  const { out = DEFAULT_OUT, check = false, json = false } = options
  const path = resolve(terminal.cwd, out)
  return withKinde(terminal, { json }, async (client) => {
    const eventTypes = await client.eventTypes()
    const text = generateTypes(eventTypes)
    const existing = await readExisting(path)
    const isCurrent = existing !== undefined && isSameCode(existing, text)
    if (!check && !isCurrent) await write(path, out, text, existing)
    const coverage = describeCoverage(eventTypes)
    const status = isCurrent ? 'current' : check ? 'changed' : 'written'
    terminal.out(
      json
        ? `${JSON.stringify({ status, file: out, coverage }, null, 2)}\n`
        : `${describeTypes(coverage, terminal)}${describeStatus(status, out, existing === undefined)}\n`,
    )
    return check && !isCurrent ? EXIT.finding : EXIT.ok
  })
}

async function readExisting(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new UsageError(`Cannot read ${path} (${error.code}).`)
  })
}

async function write(path: string, name: string, text: string, existing: string | undefined): Promise<void> {
  if (existing !== undefined && !existing.includes(MARK))
    throw new UsageError(`${name} was not written by this command. Name another file with --out, or delete it.`)
  await writeFile(path, text).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`Cannot write ${name} (${error.code}). Create the folder, or name another file with --out.`)
  })
}

/** Formatters change white space, quotes, commas and semicolons. Those do not count. */
function isSameCode(a: string, b: string): boolean {
  const strip = (text: string): string => text.replace(/[\s'"`,;]/g, '')
  return strip(a) === strip(b)
}

function describeStatus(status: 'current' | 'changed' | 'written', file: string, isNew: boolean): string {
  if (status === 'written') return `Wrote ${file}. Pass its dataSchemas to your receiver.`
  if (status === 'current') return `${file} is up to date.`
  return isNew
    ? `${file} does not exist. Write it: kinde-billing types --out ${file}`
    : `${file} is not what Kinde describes now. Write it again: kinde-billing types --out ${file}`
}

function describeTypes(coverage: readonly SchemaCoverage[], { colors }: Terminal): string {
  if (coverage.length === 0) return 'This environment offers no billing events.\n'
  return coverage.map((entry) => describeType(entry, colors)).join('')
}

function describeType({ type, isReadable, fed, unfed, unread }: SchemaCoverage, colors: Terminal['colors']): string {
  if (!isReadable) return `${colors.bold(type)}\n  Kinde describes no data for it that can be read.\n`
  const lines = [
    fed.length === 0
      ? undefined
      : `fills    ${fed.map(({ member, keys }) => `${member} (${keys.join(', ')})`).join(', ')}`,
    unfed.length === 0 ? undefined : `leaves   ${unfed.join(', ')}`,
    unread.length === 0 ? undefined : `not read ${unread.join(', ')}`,
  ].filter((line) => line !== undefined)
  return `${colors.bold(type)}\n${lines.map((line) => `  ${printable(line, 1000)}\n`).join('')}`
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { show } from './show.js'

const USAGE = `Usage:
  demo                                        every billing event and some forgeries, to a real server per adapter
  demo --issuer <domain> --token-file <file>  verifies a saved delivery (- reads standard input)
`
const OPTIONS = { issuer: { type: 'string' }, 'token-file': { type: 'string' }, help: { type: 'boolean' } } as const

class UsageError extends Error {}

/** @returns The exit code: 0, 1 if a result is not the expected one, 2 for a mistake in the arguments */
async function demo(): Promise<number> {
  const { issuer, 'token-file': file, help } = readArguments()
  if (help) {
    console.log(USAGE)
    return 0
  }
  if (issuer === undefined && file === undefined) return (await show()) ? 0 : 1
  if (issuer === undefined || file === undefined) throw new UsageError('--issuer and --token-file go together.')
  return verify(file, issuer)
}

function readArguments(): ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'] {
  try {
    return parseArgs({ options: OPTIONS }).values
  } catch (error) {
    throw error instanceof Error ? new UsageError(error.message) : error
  }
}

/** Runs `kinde-billing verify`. In the repository the command is not built, and its sources run as this file does. */
async function verify(file: string, issuer: string): Promise<number> {
  const manifest = import.meta.resolve('@kinde-billing/cli/package.json')
  const find = (path: string): string => fileURLToPath(new URL(path, manifest))
  const main = existsSync(find('tsup.config.ts')) ? find('src/main.ts') : find('dist/main.js')
  const args = [...process.execArgv, main, 'verify', file, '--issuer', issuer]
  const [code] = await once(spawn(process.execPath, args, { stdio: 'inherit' }), 'close')
  return typeof code === 'number' ? code : 1
}

try {
  process.exitCode = await demo()
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(`${error.message}\n\n${USAGE}`)
  process.exitCode = 2
}

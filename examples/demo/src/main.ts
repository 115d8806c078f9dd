import { parseArgs } from 'node:util'
import { UsageError, verifyCaptured } from './captured.js'
import { show } from './show.js'

const USAGE = `Usage:
  demo                                        every billing trigger, forgeries and more, to a real server per adapter
  demo --issuer <domain> --token-file <file>  verifies a delivery you have captured (- reads standard input)`

function readArguments(): {
  issuer?: string | undefined
  'token-file'?: string | undefined
  help?: boolean | undefined
} {
  try {
    return parseArgs({
      options: { issuer: { type: 'string' }, 'token-file': { type: 'string' }, help: { type: 'boolean' } },
    }).values
  } catch (error) {
    throw error instanceof Error ? new UsageError(error.message) : error
  }
}

async function run(): Promise<number> {
  const { issuer, 'token-file': file, help } = readArguments()
  if (help) {
    console.log(USAGE)
    return 0
  }
  if (issuer === undefined && file === undefined) return (await show()) ? 0 : 1
  if (issuer === undefined || file === undefined) throw new UsageError('--issuer and --token-file go together.')
  return (await verifyCaptured(issuer, file)) ? 0 : 1
}

try {
  process.exitCode = await run()
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(`${error.message}\n\n${USAGE}`)
  process.exitCode = 2
}

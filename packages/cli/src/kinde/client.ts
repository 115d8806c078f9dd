import { docsUrl } from '@kinde-billing/core/internal'
import {
  createManagementClient,
  isKindeManagementError,
  type KindeManagementError,
  type ManagementClient,
} from '@kinde-billing/management'
import { EXIT, type ExitCode } from '../exit-codes.js'
import { writeError } from '../output/note.js'
import type { Terminal } from '../terminal.js'
import { UsageError } from '../usage-error.js'

/** The environment variables of the machine-to-machine application. A secret is never a flag: it would be in `ps`. */
export const KINDE_VARIABLES = ['KINDE_DOMAIN', 'KINDE_MANAGEMENT_CLIENT_ID', 'KINDE_MANAGEMENT_CLIENT_SECRET'] as const

/** With its retries, a request then ends within ten seconds if there is no network. */
const TIMEOUT_MS = 5000
/** A person waits. */
const MAX_WAIT_MS = 30_000

/** The variables that are not set. */
export function missingVariables({ env }: Terminal): string[] {
  return KINDE_VARIABLES.filter((name) => (env[name] ?? '').trim() === '')
}

/**
 * Creates a client from the environment.
 *
 * @throws UsageError if a setting is missing or wrong
 */
export function openClient(terminal: Terminal): ManagementClient {
  const missing = missingVariables(terminal)
  if (missing.length > 0)
    throw new UsageError(
      `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing. Set ${missing.length === 1 ? 'it' : 'them'} to the domain and the credentials of a machine-to-machine application in Kinde. ${docsUrl('credentials', 'management')}`,
    )
  const { KINDE_DOMAIN, KINDE_MANAGEMENT_CLIENT_ID, KINDE_MANAGEMENT_CLIENT_SECRET } = terminal.env
  try {
    return createManagementClient({
      domain: KINDE_DOMAIN,
      clientId: KINDE_MANAGEMENT_CLIENT_ID,
      clientSecret: KINDE_MANAGEMENT_CLIENT_SECRET,
      timeoutMs: TIMEOUT_MS,
      maxWaitMs: MAX_WAIT_MS,
    })
  } catch (error) {
    throw isKindeManagementError(error) ? new UsageError(error.message) : error
  }
}

/**
 * Runs a command that talks to Kinde, and prints its failure.
 *
 * @returns what `work` returns, or 1 if Kinde refused, failed or could not be reached
 * @throws UsageError if a setting is missing or wrong
 */
export async function withKinde(
  terminal: Terminal,
  { json = false }: { readonly json?: boolean | undefined },
  work: (client: ManagementClient) => Promise<ExitCode>,
): Promise<ExitCode> {
  const client = openClient(terminal)
  try {
    return await work(client)
  } catch (error) {
    if (!isKindeManagementError(error)) throw error
    if (error.code === 'invalid_configuration') throw new UsageError(error.message)
    printFailure(error, json, terminal)
    return EXIT.finding
  }
}

function printFailure(error: KindeManagementError, json: boolean, terminal: Terminal): void {
  const { code, message, status = null, scope = null } = error
  if (json) terminal.out(`${JSON.stringify({ error: { code, message, status, scope } }, null, 2)}\n`)
  else writeError(terminal, `${message} ${docsUrl('errors', 'management')}`, code)
}

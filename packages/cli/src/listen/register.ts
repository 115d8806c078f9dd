import { errorMessage } from '@kinde-billing/core/internal'
import { isKindeManagementError } from '@kinde-billing/management'
import { missingVariables, openClient } from '../kinde/client.js'
import { confirm } from '../kinde/confirm.js'
import { printable } from '../output/event-lines.js'
import { writeNote } from '../output/note.js'
import type { Terminal } from '../terminal.js'
import { UsageError } from '../usage-error.js'
import {
  defaultWebhookFile,
  registerTemporarily,
  removeLeftovers,
  type TemporaryWebhook,
  type TemporaryWebhookOptions,
} from './temporary-webhook.js'

/** Options of a registration. */
export interface RegisterOptions {
  /** Public URL of the tunnel. */
  readonly url?: string | undefined
  /** `true` registers. A domain names the environment, which may then be production. */
  readonly register?: string | boolean | undefined
  /** Registers without a question. */
  readonly yes?: boolean | undefined
}

/**
 * Registers the endpoint with `--register`, and removes what a crash has left behind.
 *
 * @returns `declined` if the answer to the question is no.
 * @throws UsageError
 */
export async function register(
  options: RegisterOptions,
  terminal: Terminal,
): Promise<TemporaryWebhook | 'declined' | undefined> {
  const { register: registerAt = false, url } = options
  if (registerAt === false) {
    await cleanUp(terminal)
    return undefined
  }
  if (url === undefined) throw new UsageError('--register needs --url, the public https: URL of your tunnel.')
  const kinde = openKinde(terminal)
  const { domain } = kinde
  const isNamed = typeof registerAt === 'string'
  if (isNamed && toOrigin(registerAt) !== domain)
    throw new UsageError(`--register names ${registerAt}, but KINDE_DOMAIN is ${domain}.`)
  const ask = (): Promise<boolean> =>
    confirm(
      `Create a webhook of all billing events for ${printable(url)} at ${domain}, until this ends`,
      options,
      terminal,
    )
  try {
    const webhook = await registerTemporarily({ ...kinde, endpoint: url, isNamed, confirm: ask })
    writeNote(terminal, describe(webhook, url, domain))
    return webhook ?? 'declined'
  } catch (error) {
    throw isKindeManagementError(error) ? new UsageError(`Cannot register the webhook: ${error.message}`) : error
  }
}

function describe(webhook: TemporaryWebhook | undefined, url: string, domain: string): string {
  if (webhook === undefined) return 'Nothing was registered.'
  return webhook.isNew ? `Registered ${url} at ${domain} until this ends.` : `${url} is registered already, and stays.`
}

function openKinde(terminal: Terminal): Pick<TemporaryWebhookOptions, 'client' | 'domain' | 'file'> {
  const client = openClient(terminal)
  return { client, domain: toOrigin(terminal.env.KINDE_DOMAIN ?? ''), file: defaultWebhookFile(terminal.env) }
}

/** Without `--register` a failure is only a note: listening does not need Kinde. */
async function cleanUp(terminal: Terminal): Promise<void> {
  if (missingVariables(terminal).length > 0) return
  try {
    const { removed } = await removeLeftovers(openKinde(terminal), { onlyIfAny: true })
    for (const url of removed)
      writeNote(terminal, `Removed the webhook that an earlier run has left: ${printable(url)}`)
  } catch (error) {
    writeNote(terminal, `A webhook that an earlier run has left could not be removed (${errorMessage(error)}).`)
  }
}

/** A host alone stands for https. */
function toOrigin(domain: string): string {
  const text = domain.trim()
  return new URL(/^https?:\/\//.test(text) ? text : `https://${text}`).origin
}

/** Keeps the record of a webhook that cannot be removed, so that the next start tries again. */
export async function removeWebhook(webhook: TemporaryWebhook | undefined, terminal: Terminal): Promise<boolean> {
  try {
    await webhook?.remove()
    return true
  } catch (error) {
    writeNote(terminal, `The webhook could not be removed (${errorMessage(error)}). The next start removes it.`)
    return false
  }
}

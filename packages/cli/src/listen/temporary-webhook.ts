import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isKindeManagementError, type ManagementClient, type Webhook } from '@kinde-billing/management'
import { defaultKeyFile } from '../issuer/development-key.js'
import { UsageError } from '../usage-error.js'
import { findProductionSign } from './production.js'
import { changeRecords, type Leftover, readRecords } from './webhook-records.js'

/** A webhook that exists while `listen` runs. */
export interface TemporaryWebhook {
  /** `false` if the endpoint was registered before: then it stays. */
  readonly isNew: boolean
  remove(): Promise<void>
}

export interface TemporaryWebhookOptions {
  readonly client: Pick<ManagementClient, 'webhooks'>
  /** Kinde domain of the environment. */
  readonly domain: string
  /** Public URL of the tunnel. */
  readonly endpoint: string
  /** The user has named the domain, so that it may be production. */
  readonly isNamed: boolean
  /** File that remembers webhooks to remove after a crash. */
  readonly file: string
  /** Asks before the webhook is created. */
  readonly confirm: () => Promise<boolean>
}

/** Default path of the record of temporary webhooks: the user's state folder. */
export function defaultWebhookFile(env: { readonly [name: string]: string | undefined }): string {
  return join(dirname(defaultKeyFile(env)), 'listen-webhooks.json')
}

/**
 * Registers the endpoint in Kinde, after a question, and after removing what earlier runs have left behind.
 *
 * @returns `undefined` if the answer is no.
 * @throws UsageError if the environment looks like production and is not named
 * @throws KindeManagementError
 */
export async function registerTemporarily(options: TemporaryWebhookOptions): Promise<TemporaryWebhook | undefined> {
  const { client, domain, isNamed, file } = options
  const endpoint = toHref(options.endpoint)
  if (endpoint === undefined) throw new UsageError(`--url ${JSON.stringify(options.endpoint)} is not a URL.`)
  const { others: webhooks } = await removeLeftovers(options)
  if (webhooks.some((webhook) => toHref(webhook.endpoint) === endpoint)) return { isNew: false, remove: async () => {} }
  const sign = isNamed ? undefined : findProductionSign(domain, webhooks)
  if (sign !== undefined)
    throw new UsageError(
      `${domain} looks like production: ${sign}. Name it to register a webhook there all the same: --register ${new URL(domain).host}`,
    )
  if (!(await options.confirm())) return undefined
  const record: Leftover = { domain, endpoint, pid: process.pid, startedAt: readStart(process.pid) }
  // before the webhook exists: a crash in between must not leave an unknown one
  await changeRecords(file, (records) => [...records, record])
  const forget = (): Promise<void> => changeRecords(file, (records) => records.filter((one) => !isSame(one, record)))
  try {
    const { webhook } = await client.webhooks.ensure({ endpoint, name: 'kinde-billing listen (temporary)' })
    const { id } = webhook
    await changeRecords(file, (records) => records.map((one) => (isSame(one, record) ? { ...one, id } : one)))
    return {
      isNew: true,
      async remove() {
        if (id !== undefined) await client.webhooks.delete(id)
        await forget()
      },
    }
  } catch (error) {
    if (isRefusal(error)) await forget()
    throw error
  }
}

/** After any other failure the webhook may exist, and the next start removes it. */
const isRefusal = (error: unknown): boolean =>
  isKindeManagementError(error) && !['unavailable', 'invalid_response'].includes(error.code)

/** Kinde stores URLs in this form. */
const toHref = (url: string): string | undefined => (URL.canParse(url) ? new URL(url).href : undefined)

/**
 * Removes webhooks of runs that have ended without doing so. No question is asked: they were registered to be removed.
 *
 * @returns The URLs that were removed, and the webhooks that are left. Kinde is not asked if the file names none and
 * `onlyIfAny` is set.
 */
export async function removeLeftovers(
  { client, domain, file }: Pick<TemporaryWebhookOptions, 'client' | 'domain' | 'file'>,
  { onlyIfAny = false }: { readonly onlyIfAny?: boolean | undefined } = {},
): Promise<{ readonly removed: readonly string[]; readonly others: readonly Webhook[] }> {
  const leftovers = (await readRecords(file)).filter((one) => one.domain === domain && !isRunning(one))
  if (onlyIfAny && leftovers.length === 0) return { removed: [], others: [] }
  const webhooks = await client.webhooks.list()
  const isLeft = ({ id, endpoint }: Webhook): boolean =>
    leftovers.some((one) => (one.id === undefined ? one.endpoint === toHref(endpoint) : one.id === id))
  const left = webhooks.filter(isLeft)
  for (const { id } of left) await client.webhooks.delete(id)
  if (leftovers.length > 0)
    await changeRecords(file, (records) => records.filter((one) => !leftovers.some((left) => isSame(one, left))))
  return { removed: left.map(({ endpoint }) => endpoint), others: webhooks.filter((webhook) => !isLeft(webhook)) }
}

const isSame = (one: Leftover, other: Leftover): boolean =>
  one.domain === other.domain && one.endpoint === other.endpoint && one.pid === other.pid

function isRunning({ pid, startedAt }: Leftover): boolean {
  if (pid === process.pid && startedAt === readStart(pid)) return false
  if (startedAt !== undefined) return readStart(pid) === startedAt
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // a process of another user
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/**
 * Reads when a process started, on Linux: field 22 of its status, in clock ticks.
 *
 * @returns `undefined` on other systems, and if the process has ended: a killed one may stay listed as a zombie
 */
function readStart(pid: number): string | undefined {
  try {
    const [state, ...fields] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
    return state === 'Z' ? undefined : fields[18]
  } catch {
    return undefined
  }
}

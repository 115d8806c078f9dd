import {
  type EnsureWebhookOptions,
  type EnsureWebhookResult,
  isKindeManagementError,
  type ManagementClient,
} from '@kinde-billing/management'
import { type EndpointProbe, probeEndpoint } from '../endpoint/probe.js'
import type { TargetOptions } from '../endpoint/target.js'
import { EXIT, type ExitCode } from '../exit-codes.js'
import { withKinde } from '../kinde/client.js'
import { confirm } from '../kinde/confirm.js'
import { printable } from '../output/event-lines.js'
import type { Terminal } from '../terminal.js'
import { UsageError } from '../usage-error.js'

/** The options of `kinde-billing webhooks ensure`. */
export interface EnsureCommandOptions extends Pick<TargetOptions, 'lookup'> {
  readonly endpoint: string
  /** Event types, separated by commas. */
  readonly events?: string | undefined
  readonly name?: string | undefined
  readonly replaces?: string | undefined
  readonly deleteFirst?: boolean | undefined
  readonly dryRun?: boolean | undefined
  readonly yes?: boolean | undefined
  readonly json?: boolean | undefined
}

/** Creates or updates the webhook of an endpoint, after a question. */
export function ensureCommand(options: EnsureCommandOptions, terminal: Terminal): Promise<ExitCode> {
  const { json = false } = options
  return withKinde(terminal, { json }, async (client) => {
    const wanted = toEnsureOptions(options)
    const plan = await client.webhooks.ensure({ ...wanted, dryRun: true })
    const isUnchanged = plan.action === 'unchanged' && plan.changes.deleted.length === 0
    const probe = await probeOrExplain(options, terminal)
    terminal.err(describePlan(plan, options, probe, terminal))
    if (isUnchanged || options.dryRun === true) return finish(plan, probe, json, terminal)
    if (!(await confirm('Change it in Kinde', options, terminal))) return EXIT.finding
    return finish(await apply(client, wanted, plan), probe, json, terminal)
  })
}

function toEnsureOptions(options: EnsureCommandOptions): EnsureWebhookOptions {
  const { endpoint, events, name, replaces, deleteFirst = false } = options
  if (deleteFirst && replaces === undefined) throw new UsageError('--delete-first needs --replaces <url>.')
  const eventTypes = events?.split(',').map((type) => type.trim())
  return { endpoint, eventTypes, name, replaces, deleteFirst }
}

/** An endpoint that cannot be called yet is a warning: it may be deployed later. */
async function probeOrExplain(
  { endpoint, lookup }: EnsureCommandOptions,
  { signal }: Terminal,
): Promise<EndpointProbe> {
  return probeEndpoint(endpoint, { lookup, signal }).catch((error: unknown) => {
    if (!(error instanceof UsageError)) throw error
    return { ok: false, seen: error.message, fix: undefined, date: undefined }
  })
}

async function apply(
  client: ManagementClient,
  wanted: EnsureWebhookOptions,
  plan: EnsureWebhookResult,
): Promise<EnsureWebhookResult> {
  try {
    return await client.webhooks.ensure(wanted)
  } catch (error) {
    if (!isKindeManagementError(error) || error.code !== 'invalid_request' || plan.action !== 'created') throw error
    const others = (await client.webhooks.list()).map(({ endpoint }) => endpoint)
    if (others.length === 0) throw error
    throw new UsageError(
      `${error.message} This environment has a webhook already (${others.map((url) => printable(url)).join(', ')}), and Kinde's free plan has one per environment. ` +
        `To replace it: --replaces ${printable(others[0] ?? '<url>')} --delete-first. Between the two steps events reach no endpoint, and Kinde has no list of events to read them back from: run kinde-billing sync afterwards.`,
    )
  }
}

function describePlan(
  { action, webhook, changes, duplicates, similar }: EnsureWebhookResult,
  { deleteFirst = false }: EnsureCommandOptions,
  probe: EndpointProbe,
  { colors }: Terminal,
): string {
  const verb = { created: 'Create', updated: 'Update', unchanged: 'Unchanged' }[action]
  const deletions = changes.deleted.map(({ id, endpoint }) => colors.red(`- delete ${id}  ${printable(endpoint)}`))
  const warn = (text: string): string => `${colors.yellow('warning')}: ${text}`
  const lines = [
    ...(deleteFirst ? deletions : []),
    `${verb} the webhook of ${printable(webhook.endpoint)}`,
    ...changes.added.map((type) => colors.green(`+ ${printable(type)}`)),
    ...(changes.name === undefined ? [] : [colors.green(`+ name ${printable(changes.name)}`)]),
    ...(deleteFirst ? [] : deletions),
  ]
  if (changes.deleted.length > 0 && action === 'created')
    lines.push(
      deleteFirst
        ? warn(
            'the old webhook is deleted first. Events in between reach no endpoint, and Kinde has no list to read them back from: run kinde-billing sync afterwards.',
          )
        : 'The new webhook is created first. For a moment both endpoints get every event; an inbox that they share handles each one once.',
    )
  if (duplicates.length > 0)
    lines.push(
      warn(
        `this endpoint has ${duplicates.length + 1} webhooks, so every event arrives as often. Delete ${duplicates.map(({ id }) => id).join(', ')}.`,
      ),
    )
  for (const { id, endpoint } of similar)
    lines.push(
      warn(
        `${id} is registered for ${printable(endpoint)}, another URL that differs only by case or a slash at the end.`,
      ),
    )
  if (!probe.ok)
    lines.push(
      warn(`the endpoint was called with a forged token: ${probe.seen.replace(/\.$/, '')}. ${probe.fix ?? ''}`.trim()),
    )
  return `${lines.join('\n')}\n`
}

function finish(result: EnsureWebhookResult, probe: EndpointProbe, json: boolean, terminal: Terminal): ExitCode {
  const { action, webhook } = result
  if (json) terminal.out(`${JSON.stringify({ ...result, endpointProbe: probe }, null, 2)}\n`)
  else terminal.out(`${action}${webhook.id === undefined ? '' : ` ${webhook.id}`}\n`)
  return EXIT.ok
}

import { BILLING_EVENT_TYPES } from '@kinde-billing/core'
import * as v from 'valibot'
import type { CallOptions } from './agreements.js'
import type { Api } from './api.js'
import { isSameEndpoint, isSimilarEndpoint, parseEndpoint } from './endpoint.js'
import { KindeManagementError } from './errors.js'
import { readEventTypes } from './events.js'
import { Done, Id, OptionalText } from './lenient.js'
import { refuseUnknownOptions } from './options.js'

/** A webhook that is registered in a Kinde environment. Kinde does not say if it is disabled. */
export interface Webhook {
  /** Kinde's id of the webhook. */
  readonly id: string
  /** The URL that Kinde calls. */
  readonly endpoint: string
  /** The types of the events that it gets. */
  readonly eventTypes: readonly string[]
  /** Its name. */
  readonly name: string | undefined
  /** Its description. */
  readonly description: string | undefined
  /** When it was created, as Kinde writes it. */
  readonly createdOn: string | undefined
}

/** Options of `webhooks.ensure`. */
export interface EnsureWebhookOptions extends CallOptions {
  /** The public `https:` URL of the receiver. */
  readonly endpoint: string
  /** The events to send there. Default: all billing events that the tenant offers. Events ticked by hand stay ticked. */
  readonly eventTypes?: readonly string[] | undefined
  /** The webhook's name. Default: unchanged, and "Billing" for a new one. */
  readonly name?: string | undefined
  /**
   * The endpoint that this one takes over from. Its other events are taken over, too, and its webhooks are deleted once the
   * new one exists.
   */
  readonly replaces?: string | undefined
  /**
   * Delete the replaced webhooks first, for plans with one webhook per environment. Events in between reach no endpoint.
   * Default: `false`.
   */
  readonly deleteFirst?: boolean | undefined
  /** Change nothing, and say what would change. Default: `false`. */
  readonly dryRun?: boolean | undefined
}

/** A {@link Webhook} that may not exist yet. */
export interface EnsuredWebhook extends Omit<Webhook, 'id'> {
  /** Kinde's id of the webhook; `undefined` if a dry run would create it. */
  readonly id: string | undefined
}

/** The result of `webhooks.ensure`, or of its dry run. */
export interface EnsureWebhookResult {
  /** The change to the webhook of the endpoint. */
  readonly action: 'created' | 'updated' | 'unchanged'
  /** The webhook as it is afterwards. */
  readonly webhook: EnsuredWebhook
  /** The changes in detail. */
  readonly changes: {
    /** Event types that were added. */
    readonly added: readonly string[]
    /** The name, if it was changed. */
    readonly name: string | undefined
    /** Webhooks that were deleted, because their endpoint was replaced. */
    readonly deleted: readonly Webhook[]
  }
  /** Further webhooks on the same endpoint: every event arrives once for each. */
  readonly duplicates: readonly Webhook[]
  /** Webhooks whose endpoint differs only by case or a slash at the end. */
  readonly similar: readonly Webhook[]
}

const WebhookAnswer = v.pipe(
  v.object({
    id: Id,
    endpoint: Id,
    event_types: v.array(v.string()),
    name: OptionalText,
    description: OptionalText,
    created_on: OptionalText,
  }),
  v.transform(
    ({ id, endpoint, event_types, name, description, created_on }): Webhook => ({
      id,
      endpoint,
      eventTypes: event_types,
      name,
      description,
      createdOn: created_on,
    }),
  ),
)

const PATH = '/api/v1/webhooks'
const DEFAULT_NAME = 'Billing'
const KNOWN = ['endpoint', 'eventTypes', 'name', 'replaces', 'deleteFirst', 'dryRun', 'signal']

/** Reads the webhooks of the environment. */
export async function listWebhooks(api: Api, { signal }: CallOptions = {}): Promise<Webhook[]> {
  const { webhooks } = await api.call({
    method: 'GET',
    path: PATH,
    scope: 'read:webhooks',
    schema: v.object({ webhooks: v.array(WebhookAnswer) }),
    signal,
  })
  return webhooks
}

/** Deletes a webhook. */
export async function deleteWebhook(api: Api, id: string, { signal }: CallOptions = {}): Promise<void> {
  await api.call({
    method: 'DELETE',
    path: `${PATH}/${encodeURIComponent(id)}`,
    scope: 'delete:webhooks',
    schema: Done,
    signal,
  })
}

/** Creates or updates the webhook of an endpoint. */
export async function ensureWebhook(api: Api, options: EnsureWebhookOptions): Promise<EnsureWebhookResult> {
  refuseUnknownOptions('webhooks.ensure', options, KNOWN)
  const plan = await planWebhook(api, options)
  if (options.dryRun === true) return plan
  const { deleted } = plan.changes
  if (options.deleteFirst === true) await deleteAll(api, deleted, options)
  const id = await applyPlan(api, plan, options).catch((error: unknown) => {
    throw options.deleteFirst === true && deleted.length > 0 ? afterDeletion(deleted, error) : error
  })
  if (options.deleteFirst !== true) await deleteAll(api, deleted, options)
  return { ...plan, webhook: { ...plan.webhook, id } }
}

async function planWebhook(api: Api, options: EnsureWebhookOptions): Promise<EnsureWebhookResult> {
  const endpoint = parseEndpoint('endpoint', options.endpoint).href
  const replaces = options.replaces === undefined ? undefined : options.replaces.trim()
  if (replaces !== undefined && isSameEndpoint(replaces, endpoint))
    throw new KindeManagementError('invalid_configuration', 'replaces is the endpoint itself: leave it out.')
  const wanted = options.eventTypes === undefined ? await offeredTypes(api, options) : givenTypes(options.eventTypes)
  const webhooks = await listWebhooks(api, options)
  const replaced = webhooks.filter((webhook) => replaces !== undefined && isSameEndpoint(webhook.endpoint, replaces))
  const types = unique([...wanted, ...replaced.flatMap(({ eventTypes }) => eventTypes)])
  const missing = (webhook: Webhook): string[] => types.filter((type) => !webhook.eventTypes.includes(type))
  const [current, ...duplicates] = webhooks
    .filter((webhook) => isSameEndpoint(webhook.endpoint, endpoint))
    .sort((a, b) => missing(a).length - missing(b).length)
  const added = current === undefined ? types : missing(current)
  const name = options.name === undefined || options.name === current?.name ? undefined : options.name
  return {
    action: current === undefined ? 'created' : added.length > 0 || name !== undefined ? 'updated' : 'unchanged',
    webhook: {
      id: current?.id,
      endpoint: current?.endpoint ?? endpoint,
      // What is ticked already is sent again: Kinde does not say if the list replaces or adds.
      eventTypes: unique([...(current?.eventTypes ?? []), ...types]),
      name: name ?? (current === undefined ? DEFAULT_NAME : current.name),
      description: current?.description,
      createdOn: current?.createdOn,
    },
    changes: { added, name, deleted: replaced },
    duplicates,
    similar: webhooks.filter((webhook) => isSimilarEndpoint(webhook.endpoint, endpoint) && !replaced.includes(webhook)),
  }
}

/** @returns the webhook's id. */
async function applyPlan(
  api: Api,
  { action, webhook, changes }: EnsureWebhookResult,
  { signal }: CallOptions,
): Promise<string | undefined> {
  if (action === 'created') {
    const answer = await api.call({
      method: 'POST',
      path: PATH,
      json: { endpoint: webhook.endpoint, event_types: webhook.eventTypes, name: webhook.name },
      scope: 'create:webhooks',
      schema: v.object({ webhook: v.object({ id: Id }) }),
      signal,
    })
    return answer.webhook.id
  }
  if (action === 'updated' && webhook.id !== undefined)
    await api.call({
      method: 'PATCH',
      path: `${PATH}/${encodeURIComponent(webhook.id)}`,
      json: {
        ...(changes.added.length > 0 && { event_types: webhook.eventTypes }),
        ...(changes.name !== undefined && { name: changes.name }),
      },
      scope: 'update:webhooks',
      schema: Done,
      signal,
    })
  return webhook.id
}

async function deleteAll(api: Api, webhooks: readonly Webhook[], options: CallOptions): Promise<void> {
  for (const { id } of webhooks) await deleteWebhook(api, id, options)
}

async function offeredTypes(api: Api, options: CallOptions): Promise<string[]> {
  const offered = new Set((await readEventTypes(api, options)).map(({ code }) => code))
  const types = BILLING_EVENT_TYPES.filter((type) => offered.has(type))
  if (types.length > 0) return types
  throw new KindeManagementError(
    'invalid_configuration',
    'This Kinde environment offers no billing events. Set up billing in Kinde first, or pass eventTypes.',
  )
}

function givenTypes(eventTypes: readonly string[]): readonly string[] {
  const isValid =
    Array.isArray(eventTypes) && eventTypes.every((type) => typeof type === 'string' && type.trim() !== '')
  if (isValid && eventTypes.length > 0) return unique(eventTypes.map((type) => type.trim()))
  throw new KindeManagementError(
    'invalid_configuration',
    `eventTypes must be a list of event types, such as ["${BILLING_EVENT_TYPES[0]}"], or left out for all billing events.`,
  )
}

function afterDeletion(deleted: readonly Webhook[], cause: unknown): unknown {
  const endpoints = deleted.map(({ endpoint }) => endpoint).join(', ')
  if (!(cause instanceof KindeManagementError)) return cause
  return new KindeManagementError(
    cause.code,
    `The webhook of ${endpoints} was deleted, but the new one was not created. Create it now: until then no event arrives. ${cause.message}`,
    { status: cause.status, scope: cause.scope, retryAfterMs: cause.retryAfterMs, cause },
  )
}

function unique(types: readonly string[]): string[] {
  return [...new Set(types)]
}

import { escapeText } from '@kinde-billing/core/internal'
import * as v from 'valibot'
import { KindeManagementError } from './errors.js'
import type { ManagementSettings } from './options.js'
import { createRedactor } from './redact.js'
import { describeRefusal, parseJson } from './refusal.js'
import { type AccessToken, createTokenSource } from './token.js'
import { createTransport, retryAfterMs } from './transport.js'

/** One call of the Management API. */
export interface ApiCall<Schema extends v.GenericSchema> {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** The path, with ids URL-encoded. */
  readonly path: string
  readonly query?: { readonly [name: string]: string | undefined } | undefined
  readonly json?: object | undefined
  /** The scope that the call needs, for the message of a 403. */
  readonly scope: string
  /** The least that the answer must have. */
  readonly schema: Schema
  readonly signal?: AbortSignal | undefined
  /** Called with the `Date` of an answer that can be read. */
  readonly onDate?: ((date: Date) => void) | undefined
}

/** Calls the Management API with the client's token. */
export interface Api {
  /**
   * @returns the answer, as its schema reads it.
   * @throws KindeManagementError
   */
  call<Schema extends v.GenericSchema>(call: ApiCall<Schema>): Promise<v.InferOutput<Schema>>
  readonly now: () => number
}

/** Creates the caller that all parts of the client share. */
export function createApi(settings: ManagementSettings): Api {
  const redactor = createRedactor(settings.clientSecret)
  const transport = createTransport(settings, redactor)
  const tokens = createTokenSource(settings, transport, redactor)

  function send({ method, path, query = {}, json, signal }: ApiCall<v.GenericSchema>, token: AccessToken) {
    const url = new URL(path, settings.domain)
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value)
    return transport({
      kind: method === 'GET' ? 'read' : 'write',
      method,
      url: url.href,
      headers: {
        accept: 'application/json',
        authorization: `Bearer ${token.value}`,
        ...(json !== undefined && { 'content-type': 'application/json' }),
      },
      body: json === undefined ? undefined : JSON.stringify(json),
      signal,
    })
  }

  return {
    now: settings.now,
    async call(call) {
      call.signal?.throwIfAborted()
      const token = await tokens.get()
      let response = await send(call, token)
      if (response.status === 401 || response.status === 403) {
        // a token can expire early, and Kinde has issued tokens without their scopes
        const fresh = await tokens.replace(token)
        if (fresh !== undefined) response = await send(call, fresh)
      }
      const body = await response.text()
      if (!response.ok) throw toApiError(call, response, body, redactor.redact(describeRefusal(body)))
      const answer = parseJson(body)
      const { success, output, issues = [] } = v.safeParse(call.schema, answer)
      if (!success || isPartial(call, response) || holdsErrors(answer))
        throw toUnreadable(call, response, issues, redactor.redact(describeRefusal(body)))
      const date = new Date(response.headers.get('date') ?? Number.NaN)
      if (!Number.isNaN(date.getTime())) call.onDate?.(date)
      return output
    },
  }
}

/** Kinde documents 200 for every read. A part of a list (206) must not pass for all of it. */
const isPartial = ({ method }: ApiCall<v.GenericSchema>, { status }: Response): boolean =>
  method === 'GET' && status !== 200

/** Errors in an answer with 200: what stands beside them is not to be trusted. */
function holdsErrors(answer: unknown): boolean {
  if (typeof answer !== 'object' || answer === null || !('errors' in answer)) return false
  const { errors } = answer
  return Array.isArray(errors) ? errors.length > 0 : Boolean(errors)
}

function toApiError(
  { method, path, scope }: ApiCall<v.GenericSchema>,
  response: Response,
  body: string,
  refusal: string,
): KindeManagementError {
  const { status } = response
  const what = `${method} ${path} answered ${status}${refusal}`
  if (status === 401) return new KindeManagementError('unauthorized', `${what}, also with a fresh token.`, { status })
  if (status === 403)
    return new KindeManagementError(
      'missing_scope',
      `${what}: give the machine-to-machine application the scope ${scope}.`,
      { status, scope },
    )
  // a 404 of Kinde is JSON; that of a proxy, or of another host, knows nothing of customers
  if (status === 404 && body.trim() !== '' && parseJson(body) === undefined)
    return new KindeManagementError('invalid_response', `${what}, but not with Kinde's JSON. Check KINDE_DOMAIN.`, {
      status,
    })
  if (status === 404) return new KindeManagementError('not_found', `${what}: Kinde does not know it.`, { status })
  if (status === 429)
    return new KindeManagementError('rate_limited', `${what}: too many requests.`, {
      status,
      retryAfterMs: retryAfterMs(response),
    })
  if (status >= 500) return new KindeManagementError('unavailable', `${what}.`, { status })
  if (status >= 400) return new KindeManagementError('invalid_request', `${what}.`, { status })
  return new KindeManagementError(
    'invalid_response',
    `${what}, a redirect. Set KINDE_DOMAIN to https://<subdomain>.kinde.com, not to a custom domain.`,
    { status },
  )
}

/** Names the members that are missing or wrong. Their values stay out: they are data of customers. */
function toUnreadable(
  { method, path }: ApiCall<v.GenericSchema>,
  response: Response,
  issues: readonly v.BaseIssue<unknown>[],
  refusal: string,
): KindeManagementError {
  const members = issues.slice(0, 3).map((issue) => v.getDotPath(issue) ?? 'the body')
  const problem = members.length > 0 ? `: ${members.join(', ')}` : ' as a whole answer'
  const type = response.headers.get('content-type')
  const done = method === 'GET' ? '' : ' The request may have taken effect.'
  return new KindeManagementError(
    'invalid_response',
    `${method} ${path} answered ${response.status}${refusal}, but it cannot be read${problem} (content-type: ${type === null ? 'none' : escapeText(type, 80)}).${done}`,
    { status: response.status },
  )
}

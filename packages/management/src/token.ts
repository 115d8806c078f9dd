import * as oauth from 'oauth4webapi'
import { KindeManagementError } from './errors.js'
import type { ManagementSettings } from './options.js'
import type { Redactor } from './redact.js'
import { describeRefusal } from './refusal.js'
import { retryAfterMs, type Transport } from './transport.js'

/** An access token of the machine-to-machine application. */
export interface AccessToken {
  readonly value: string
  /** From then on it is not used any more, in epoch milliseconds. */
  readonly staleAt: number
}

/** The one token of a client, shared by all its calls. */
export interface TokenSource {
  /** The current token. Concurrent calls share one request for it. */
  get(): Promise<AccessToken>
  /**
   * Replaces a token that Kinde refused. Concurrent calls share the new one.
   *
   * @returns `undefined` if too many tokens have been replaced within the hour: Kinde meters them.
   */
  replace(refused: AccessToken): Promise<AccessToken | undefined>
}

/** A token is not used during its last minute, or its last tenth if that is shorter. */
const MARGIN_MS = 60_000
const HOUR_MS = 3_600_000
const MAX_REPLACEMENTS_PER_HOUR = 4

/** Creates the token source of one client. */
export function createTokenSource(settings: ManagementSettings, transport: Transport, redactor: Redactor): TokenSource {
  let current: AccessToken | undefined
  let pending: Promise<AccessToken> | undefined
  let replacements: number[] = []

  function fetchOnce(): Promise<AccessToken> {
    pending ??= requestToken(settings, transport, redactor)
      .then((token) => {
        current = token
        return token
      })
      .finally(() => {
        pending = undefined
      })
    return pending
  }

  async function get(): Promise<AccessToken> {
    if (pending !== undefined) return pending
    return current !== undefined && settings.now() < current.staleAt ? current : fetchOnce()
  }

  return {
    get,
    async replace(refused) {
      if (current !== refused) return get()
      const now = settings.now()
      replacements = replacements.filter((at) => now - at < HOUR_MS)
      if (replacements.length >= MAX_REPLACEMENTS_PER_HOUR) return undefined
      replacements.push(now)
      current = undefined
      return fetchOnce()
    },
  }
}

async function requestToken(
  settings: ManagementSettings,
  transport: Transport,
  redactor: Redactor,
): Promise<AccessToken> {
  const { domain, clientId, clientSecret, now } = settings
  const url = `${domain}/oauth2/token`
  const server: oauth.AuthorizationServer = { issuer: domain, token_endpoint: url }
  const client: oauth.Client = { client_id: clientId }
  const requestedAt = now()
  const response = await oauth.clientCredentialsGrantRequest(
    server,
    client,
    oauth.ClientSecretPost(clientSecret),
    { audience: `${domain}/api` },
    {
      // the options have refused plain http: outside loopback
      [oauth.allowInsecureRequests]: true,
      [oauth.customFetch]: (tokenUrl, { headers, body }) =>
        transport({ kind: 'token', method: 'POST', url: tokenUrl, headers, body: String(body) }),
    },
  )
  const text = await response.clone().text()
  if (response.status !== 200) throw toTokenError(url, response, text, redactor)
  const answer = await oauth.processClientCredentialsResponse(server, client, response).catch(() => undefined)
  const value = answer?.access_token
  // A header takes visible ASCII only, and its error would quote the token. The text of other errors may, too.
  if (value === undefined || !/^[\x21-\x7e]+$/.test(value))
    throw new KindeManagementError(
      'invalid_response',
      `POST ${url} answered 200, but not with an access token. Check KINDE_DOMAIN.`,
      { status: 200 },
    )
  redactor.add(value)
  // without a life, or with none, the token is used until it is refused: fetching one for each call costs tokens
  const lifeMs = (answer?.expires_in || Number.POSITIVE_INFINITY) * 1000
  return { value, staleAt: requestedAt + lifeMs - Math.min(MARGIN_MS, lifeMs / 10) }
}

function toTokenError(url: string, response: Response, text: string, redactor: Redactor): KindeManagementError {
  const { status } = response
  const refusal = redactor.redact(describeRefusal(text))
  const what = `POST ${url} answered ${status}${refusal}`
  if (status === 429)
    return new KindeManagementError('rate_limited', `${what}: too many requests.`, {
      status,
      retryAfterMs: retryAfterMs(response),
    })
  if (status >= 500) return new KindeManagementError('unavailable', `${what}.`, { status })
  if (status === 400 || status === 401 || status === 403)
    return new KindeManagementError(
      'unauthorized',
      `${what}. Check KINDE_MANAGEMENT_CLIENT_ID and KINDE_MANAGEMENT_CLIENT_SECRET: they belong to a machine-to-machine application that is authorized for the Kinde Management API of ${new URL(url).origin}.`,
      { status },
    )
  return new KindeManagementError(
    'invalid_response',
    `${what}, which is not a token endpoint's answer. Check KINDE_DOMAIN.`,
    { status },
  )
}

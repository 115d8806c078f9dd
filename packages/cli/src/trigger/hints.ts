import { docsUrl } from '@kinde-billing/core/internal'
import { getWord } from '../endpoint/answer-word.js'
import type { TriggerAttempt, TriggeredDelivery } from './run.js'

/** What the hints are based on, beyond the answers. */
export interface HintContext {
  readonly to: URL
  readonly issuerUrl: string
  /** `true` if the application fetched the development issuer's keys during the run. */
  readonly hasAskedForKeys: boolean
}

/** Names the likeliest cause of each unexpected answer, once. */
export function findHints(deliveries: readonly TriggeredDelivery[], context: HintContext): string[] {
  const attempts = deliveries.flatMap((delivery) => delivery.attempts)
  return [...new Set(attempts.flatMap((attempt) => hintFor(attempt, context) ?? []))]
}

/** `true` if the receiver answered `ignored` to every delivery: it has no handler for these types. */
export function isAllIgnored(deliveries: readonly TriggeredDelivery[]): boolean {
  return (
    deliveries.length > 0 &&
    deliveries.every(({ attempts }) =>
      attempts.some(({ status, answer }) => status === 200 && getWord(answer) === 'ignored'),
    )
  )
}

type Hint = (attempt: TriggerAttempt, context: HintContext) => string

const SEE_LOG = "Your application's log has the cause."

const BY_WORD: { readonly [word: string]: string } = {
  body_already_parsed: 'Something read the body before the receiver. Keep body parsers off this path.',
  handler_failed: `Your handler threw. ${SEE_LOG}`,
  handler_timeout: 'Your handler took longer than handlerTimeoutMs. Move slow work to a queue.',
  invalid_configuration: `The receiver's options are invalid. ${SEE_LOG}`,
  schema_mismatch:
    'data does not match your dataSchemas. Test events carry fixture data: adapt it with --data or --dialect.',
  inbox_unavailable: `The inbox's store cannot be reached: check that Redis or Postgres runs and that its URL is right. ${SEE_LOG}`,
  internal_error: `Unexpected error in @kinde-billing/core. ${SEE_LOG} Please report it.`,
  delivery_in_progress: 'Another attempt of the same event was still running. With --retries it is delivered later.',
}

const BY_STATUS: { readonly [status: number]: Hint } = {
  301: (attempt, { to }) => hintForRedirect(attempt, to),
  302: (attempt, { to }) => hintForRedirect(attempt, to),
  303: (attempt, { to }) => hintForRedirect(attempt, to),
  307: (attempt, { to }) => hintForRedirect(attempt, to),
  308: (attempt, { to }) => hintForRedirect(attempt, to),
  400: () => `The application could not read the delivery. A body parser may stand before the receiver. ${SEE_LOG}`,
  401: (_attempt, context) => hintForUnauthorized(context),
  403: () =>
    'Something in front of the receiver refused the request, such as CSRF protection, a firewall or a sign-in check. Exempt the webhook path from it.',
  404: (_attempt, { to }) =>
    `Nothing is mounted at ${to.pathname}. Check the path in --to, and any prefix under which your framework mounts it.`,
  405: () => 'The path exists, but not for POST. Mount the receiver for POST.',
  413: () => 'Something limits the body below the size of a token. Raise its limit.',
  415: () => 'Something refuses application/jwt. Do not check the media type before the receiver.',
  429: () => 'A rate limiter refused the request. Exempt the webhook path from it, or lower --concurrency.',
  500: () =>
    `The application failed on the request: usually the handler threw, or a body parser stands before the receiver. ${SEE_LOG}`,
  502: () => 'A proxy answered, and the application behind it did not. Check that the application runs.',
  503: (_attempt, context) => hintForUnavailable(context),
  504: () => 'A proxy gave up waiting for the application. The handler may be too slow or stuck.',
}

function hintFor(attempt: TriggerAttempt, context: HintContext): string | undefined {
  const { status, answer } = attempt
  if (status === undefined) return hintForSilence(answer)
  if (status === 200) return isPage(answer) ? hintForPage(context.to) : undefined
  if (status > 200 && status < 300) return `Kinde counts only 200 as delivered, not ${status}. Answer exactly 200.`
  const word = getWord(answer) ?? ''
  const hint = BY_WORD[word]
  return hint === undefined ? BY_STATUS[status]?.(attempt, context) : `${hint} ${docsUrl(word)}`
}

const isPage = (answer: string): boolean => /^\s*<(?:!doctype|html)/i.test(answer)

const hintForPage = ({ pathname }: URL): string =>
  `The answer is a web page, so ${pathname} is not the receiver: a catch-all route answers there. Check the path in --to.`

function hintForSilence(reason: string): string | undefined {
  if (/ECONNREFUSED|not connected/.test(reason))
    return 'Nothing listens there. Start the application, and check the port in --to.'
  if (/CERT/.test(reason)) return 'Its certificate is not trusted here. Name its authority in NODE_EXTRA_CA_CERTS.'
  if (/in time/.test(reason)) return 'No answer within --timeout. The handler may be stuck, or the body is never read.'
  if (/ECONNRESET|EPIPE|closed/.test(reason))
    return `The connection was closed without an answer. The application may have crashed. ${SEE_LOG}`
  return undefined
}

const SIGN_IN = /(?:log|sign)[-_]?in|\bauth\b|oauth|\bsso\b|session/i

function hintForRedirect({ status, location }: TriggerAttempt, to: URL): string {
  const target = location !== undefined && URL.canParse(location, to) ? new URL(location, to) : undefined
  const answered = `It answers ${status} with a redirect${target === undefined ? '' : ` to ${shorten(target, to)}`}.`
  if (target !== undefined && (SIGN_IN.test(target.pathname) || target.hostname.endsWith('.kinde.com')))
    return `${answered} A sign-in check stands in front of the webhook: exempt its path from your authentication middleware.`
  if (
    target !== undefined &&
    target.host === to.host &&
    trimSlash(target.pathname) === trimSlash(to.pathname) &&
    target.protocol === to.protocol
  )
    return `${answered} Only the trailing slash differs: use that URL in --to and in Kinde.`
  return `${answered} Kinde counts only 200 as delivered: use the final URL in --to and in Kinde, or exempt the webhook path from the redirect.`
}

const trimSlash = (path: string): string => path.replace(/\/+$/, '')

const shorten = (target: URL, to: URL): string =>
  `${target.origin === to.origin ? '' : target.origin}${target.pathname}`.slice(0, 120)

function hintForUnauthorized({ issuerUrl, hasAskedForKeys }: HintContext): string {
  return hasAskedForKeys
    ? `The application fetched the development issuer's keys and still refused the token. Something changed the body before the receiver, or a sign-in check stands in front of it. ${SEE_LOG}`
    : `The application trusts another issuer. Start it with KINDE_ISSUER_URL=${issuerUrl}`
}

function hintForUnavailable({ issuerUrl, hasAskedForKeys }: HintContext): string {
  return hasAskedForKeys
    ? `The application is not ready, or a store or service it needs is unavailable. ${SEE_LOG}`
    : `The application cannot fetch its keys: it trusts an issuer that it cannot reach. Start it with KINDE_ISSUER_URL=${issuerUrl}; in a container, 127.0.0.1 is the container itself.`
}

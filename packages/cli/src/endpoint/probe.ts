import { promises as dns } from 'node:dns'
import { isIP } from 'node:net'
import { type Answer, send } from './send.js'
import { isNearby, resolveTarget, type Target, type TargetOptions } from './target.js'

/** The answer of an endpoint to a token that Kinde has not signed. */
export interface EndpointProbe {
  /** `true` if it refuses the token as a receiver does. */
  readonly ok: boolean
  /** The observation. */
  readonly seen: string
  /** How to fix it; `undefined` if nothing is wrong. */
  readonly fix: string | undefined
  /** The endpoint's clock, if it sent a date. */
  readonly date: Date | undefined
}

const TIMEOUT_MS = 5000

/** A token of the right form with a key and a signature that do not exist. No receiver hands it to a handler. */
const FORGED_TOKEN = [
  { alg: 'RS256', typ: 'JWT', kid: 'kinde-billing-check' },
  { type: 'kinde-billing.check', event_id: 'event_kinde_billing_check', timestamp: '2020-01-01T00:00:00Z', data: {} },
]
  .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  .concat(Buffer.alloc(256, 1).toString('base64url'))
  .join('.')

/**
 * Sends one forged token to an endpoint.
 *
 * @throws UsageError if the URL cannot be called
 */
export async function probeEndpoint(
  url: string,
  options: TargetOptions & { signal: AbortSignal },
): Promise<EndpointProbe> {
  const { lookup = (hostname) => dns.lookup(hostname, { all: true }) } = options
  const target = await resolveTarget(url, { allowRemote: true, lookup: (hostname) => withinTime(lookup(hostname)) })
  const privateAddress = findPrivateAddress(target)
  if (privateAddress !== undefined)
    return {
      ...fault(
        `${target.url.hostname} is ${privateAddress} here, a private address`,
        'Kinde cannot reach private addresses. If your network resolves the name in its own way, check from outside.',
      ),
      date: undefined,
    }
  const answer = await send(target, {
    headers: { 'content-type': 'application/jwt', 'user-agent': 'kinde-billing check' },
    body: FORGED_TOKEN,
    timeoutMs: TIMEOUT_MS,
    signal: options.signal,
  })
  const date = new Date(answer.headers.date ?? Number.NaN)
  return { ...explain(answer, target.url), date: Number.isNaN(date.getTime()) ? undefined : date }
}

/** A name of the public internet that stands for a private address. `localhost` and addresses are meant as they are. */
function findPrivateAddress({ url, addresses }: Target): string | undefined {
  const isName = url.hostname !== 'localhost' && isIP(url.hostname.replace(/^\[|\]$/g, '')) === 0
  return isName && addresses.every(isNearby) ? addresses[0]?.address : undefined
}

/** A resolver without a network can take minutes. */
function withinTime<Value>(promise: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('the resolver does not answer')), TIMEOUT_MS)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

function explain(answer: Answer, url: URL): Omit<EndpointProbe, 'date'> {
  const { status, headers, body, failure, errorCode } = answer
  if (status === undefined)
    return fault(
      `no answer (${failure ?? 'unknown'}${errorCode === undefined ? '' : `, ${errorCode}`})`,
      'Start the application, and check the name, the certificate and the firewall.',
    )
  const isHtml = /^\s*(?:<!doctype|<html)/i.test(body) || headers['content-type']?.startsWith('text/html') === true
  const seen = `${status}${isHtml ? ' with an HTML page' : ''}`
  if (status === 401 && body.includes('"unauthorized"'))
    return { ok: true, seen: '401 for a forged token', fix: undefined }
  if (status >= 300 && status < 400)
    return fault(
      `${status}, a redirect to ${describeLocation(headers.location, url)}`,
      'Register the URL that answers directly, and take the path out of what redirects: a login, www, a slash at the end. Kinde counts only a 200 as delivered.',
    )
  if (status === 401 || status === 403)
    return fault(
      `${seen}, which is not the answer of a receiver`,
      'Let the path through whatever stands in front: a login, a password, CSRF protection, a firewall. The signature protects it.',
    )
  if (status === 200)
    return fault(
      isHtml ? `${seen}: a login or a catch-all page in front` : '200: a forged token is accepted',
      isHtml
        ? 'Let the path through to the receiver. Kinde takes every 200 for a delivery, so events are lost without a sign.'
        : 'Answer with the receiver only. Whatever answers 200 here does not check signatures, or loses events.',
    )
  if (status === 404) return fault(seen, 'Check the path, and that the application with the receiver is deployed.')
  if (status === 405) return fault(seen, 'Mount the receiver for POST.')
  if (status === 503)
    return fault(
      seen,
      "The receiver cannot get Kinde's keys, or the application is down: see its log for keys_unavailable.",
    )
  if (status >= 500)
    return fault(seen, 'The application fails before it answers: see its log, and KINDE_ISSUER_URL there.')
  return fault(seen, 'A receiver answers a forged token with 401. See the log of what stands there.')
}

function describeLocation(location: string | undefined, base: URL): string {
  if (location === undefined || !URL.canParse(location, base)) return 'an unreadable place'
  const { origin, pathname } = new URL(location, base)
  return `${origin}${pathname}`
}

function fault(seen: string, fix: string): Omit<EndpointProbe, 'date'> {
  return { ok: false, seen, fix }
}

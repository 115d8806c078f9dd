import { KindeManagementError } from './errors.js'

/**
 * Parses the URL of an endpoint that Kinde is to call.
 *
 * @throws KindeManagementError `invalid_configuration` for a URL that Kinde cannot or must not call: plain `http:`, a
 * private address, credentials, a fragment.
 */
export function parseEndpoint(name: string, endpoint: unknown): URL {
  const text = typeof endpoint === 'string' ? endpoint.trim() : ''
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined) throw refuse(name, 'not a URL', 'pass one such as https://app.example/webhooks/kinde')
  if (url.protocol !== 'https:')
    throw refuse(name, `a ${url.protocol} URL`, 'use https:, because Kinde delivers over HTTPS only')
  if (url.username !== '' || url.password !== '')
    throw refuse(name, 'a URL with credentials', 'leave them out: deliveries are signed')
  if (text.includes('#')) throw refuse(name, 'a URL with a fragment', 'leave it out: it is never sent')
  if (isPrivateHost(url.hostname))
    throw refuse(
      name,
      `on ${url.hostname}`,
      'pass a public host, because Kinde cannot reach a private one; a tunnel gives you one',
    )
  return url
}

/**
 * Compares endpoints as URLs: upper and lower case count in the path, not in the host and not in escapes (`%2f`), and a
 * slash at the end of a path makes another URL.
 */
export function isSameEndpoint(a: string, b: string): boolean {
  return normalize(a) === normalize(b)
}

/** Differs only by case or a slash at the end: Kinde calls one, and the application may serve the other. */
export function isSimilarEndpoint(a: string, b: string): boolean {
  const simplify = (endpoint: string): string =>
    normalize(endpoint)
      .toLowerCase()
      .replace(/\/+(?=$|\?)/, '')
  return !isSameEndpoint(a, b) && simplify(a) === simplify(b)
}

function normalize(endpoint: string): string {
  const text = endpoint.trim()
  if (!URL.canParse(text)) return text
  const url = new URL(text)
  // an empty query stays a question mark otherwise
  if (url.search === '') url.search = ''
  return url.href.replace(/%[0-9a-f]{2}/gi, normalizeEscape)
}

/** RFC 3986, 6.2.2: `%7e` and `~` are the same, and so are `%2f` and `%2F`. */
function normalizeEscape(encoded: string): string {
  const char = String.fromCharCode(Number.parseInt(encoded.slice(1), 16))
  return /[\w.~-]/.test(char) ? char : encoded.toUpperCase()
}

const PRIVATE_NAME = /^(?:localhost|.*\.(?:localhost|local|localdomain|internal|lan|home\.arpa))$/
/** Loopback, private use, link-local, shared address space, "this network", benchmarks, multicast and reserved. */
const PRIVATE_IPV4 =
  /^(?:0|10|127|22[4-9]|2[3-5]\d|169\.254|192\.168|198\.1[89]|172\.(?:1[6-9]|2\d|3[01])|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\.(?=[\d.]+$)/
/** Loopback, unspecified, unique local, link-local, multicast, and IPv4 inside IPv6. */
const PRIVATE_IPV6 = /^\[(?:::|f[cdf]|fe[89ab]|64:ff9b:)/

function isPrivateHost(hostname: string): boolean {
  const host = hostname.replace(/\.$/, '')
  return PRIVATE_NAME.test(host) || PRIVATE_IPV4.test(host) || PRIVATE_IPV6.test(host) || !/[.:]/.test(host)
}

function refuse(name: string, problem: string, fix: string): KindeManagementError {
  return new KindeManagementError('invalid_configuration', `${name} is ${problem}: ${fix}.`)
}

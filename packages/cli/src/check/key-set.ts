import { errorMessage } from '@kinde-billing/core/internal'
import { type CheckResult, found, ok } from './finding.js'

/** The result of a look at the issuer's key set. */
export interface KeySetCheck {
  readonly results: readonly CheckResult[]
  /** The ids of the keys, to compare two hosts. */
  readonly kids: readonly string[]
  /** The clock of the host, if it sent a date. */
  readonly date: Date | undefined
}

const TIMEOUT_MS = 5000
/** A cache that is older delays the acceptance of a new key. */
const MAX_AGE_SECONDS = 600

/** Fetches the key set of an issuer, as receivers do. */
export async function checkKeySet(issuer: string, signal: AbortSignal): Promise<KeySetCheck> {
  const url = `${issuer}/.well-known/jwks`
  const title = 'key set'
  const fail = (seen: string): KeySetCheck => ({
    results: [
      found(
        'key_set',
        title,
        `${url}: ${seen}`,
        'Check KINDE_ISSUER_URL, DNS and the egress proxy. Without keys every delivery is answered 503.',
      ),
    ],
    kids: [],
    date: undefined,
  })
  const abort = new AbortController()
  const timer = setTimeout(() => abort.abort(new Error(`no answer within ${TIMEOUT_MS} ms`)), TIMEOUT_MS)
  const stop = (): void => abort.abort(signal.reason)
  signal.addEventListener('abort', stop)
  try {
    const response = await fetch(url, { redirect: 'manual', signal: abort.signal })
    const body: unknown = await response.json().catch(() => undefined)
    if (response.status !== 200) return fail(`answered ${response.status}`)
    const kids = listKids(body)
    if (kids.length === 0) return fail('answered 200 without an RSA key')
    return {
      results: [describeAge(url, kids, response.headers)],
      kids,
      date: parseHttpDate(response.headers.get('date')),
    }
  } catch (error) {
    return fail(errorMessage(error))
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}

function describeAge(url: string, kids: readonly string[], headers: Headers): CheckResult {
  const age = Number(headers.get('age') ?? 0)
  const seen = `${url}: ${kids.length} ${kids.length === 1 ? 'key' : 'keys'}`
  return age <= MAX_AGE_SECONDS || Number.isNaN(age)
    ? ok('key_set', 'key set', seen)
    : found(
        'key_set',
        'key set',
        `${seen}, from a cache that is ${Math.round(age / 60)} min old`,
        'Take the cache out of the way: a new key of Kinde is refused until it expires.',
      )
}

function listKids(body: unknown): string[] {
  const keys: unknown = typeof body === 'object' && body !== null && 'keys' in body ? body.keys : undefined
  if (!Array.isArray(keys)) return []
  return keys.flatMap((key: unknown) =>
    typeof key === 'object' && key !== null && 'kty' in key && key.kty === 'RSA' && 'kid' in key
      ? [String(key.kid)]
      : [],
  )
}

function parseHttpDate(text: string | null): Date | undefined {
  const date = new Date(text ?? Number.NaN)
  return Number.isNaN(date.getTime()) ? undefined : date
}

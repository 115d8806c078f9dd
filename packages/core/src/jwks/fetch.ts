import { readBody } from '../body.js'
import { withTimeout } from '../with-timeout.js'
import { importKeys, type Keys } from './import.js'

/** Fetches a key set: the part of `fetch` that is used, which undici's and node-fetch's have too. */
export type FetchKeySet = (
  url: string,
  init: {
    /** Redirects are refused. */
    redirect: 'manual'
    /** `accept`. */
    headers: Record<string, string>
    /** Aborted at the timeout. */
    signal: AbortSignal
  },
) => Promise<{
  /** Anything but 200 is a failure. */
  readonly status: number
  /** A Web stream or an async iterable of bytes. */
  readonly body: object | null
}>

const MAX_KEY_SET_BYTES = 256 * 1024

/**
 * Fetches and imports a key set. The timeout covers the body, which is counted while it arrives: jose reads it whole,
 * however large it is. A set without a usable key is a failure.
 *
 * @param timeoutMs - For the response and its body, in milliseconds.
 */
export async function fetchKeys(url: string, fetch: FetchKeySet, timeoutMs: number): Promise<Keys> {
  const abort = new AbortController()
  try {
    // The race is needed because not every fetch respects its signal.
    return await withTimeout(requestKeys(url, fetch, timeoutMs, abort.signal), timeoutMs, () => {
      throw new Error(`no response within ${timeoutMs} ms`)
    })
  } finally {
    abort.abort()
  }
}

async function requestKeys(url: string, fetch: FetchKeySet, timeoutMs: number, signal: AbortSignal): Promise<Keys> {
  // 'manual', refused by the status check: workerd does not know 'error'.
  const { status, body } = await fetch(url, { redirect: 'manual', headers: { accept: 'application/json' }, signal })
  if (status !== 200) throw new Error(`status ${status}`)
  const bytes = await readBody(() => body, { maxBytes: MAX_KEY_SET_BYTES, timeoutMs }).catch(() => {
    throw new Error(`the body was cut off, or is larger than ${MAX_KEY_SET_BYTES} bytes`)
  })
  const text = typeof bytes === 'string' ? bytes : new TextDecoder().decode(bytes)
  const keys = await importKeys(JSON.parse(text))
  if (keys.size === 0) throw new Error('it has no key that can verify RS256 signatures')
  return keys
}

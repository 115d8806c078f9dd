import { readBody } from './body.js'
import { inTime } from './in-time.js'
import { importKeys, type Keys, usableKeys } from './key-hygiene.js'

const MAX_KEY_SET_BYTES = 256 * 1024

/**
 * Fetches a key set once. The time covers the body, which is counted as it comes: jose reads it whole, however large it
 * is and however long it takes. Nothing is followed, and a set without a usable key is a failure.
 */
export async function fetchKeys(
  url: string,
  fetch: (url: string, init: RequestInit) => Promise<Response>,
  timeoutMs: number,
): Promise<Keys> {
  const abort = new AbortController()
  try {
    // raced and not only aborted: not every fetch heeds its signal
    return await inTime(ask(url, fetch, timeoutMs, abort.signal), timeoutMs, () => {
      throw new Error(`no answer within ${timeoutMs} ms`)
    })
  } finally {
    abort.abort()
  }
}

async function ask(
  url: string,
  fetch: (url: string, init: RequestInit) => Promise<Response>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Keys> {
  // 'manual' and refused below: 'error' is not known to every runtime (workerd)
  const response = await fetch(url, { redirect: 'manual', headers: { accept: 'application/json' }, signal })
  if (response.status !== 200) throw new Error(`it answered ${response.status}`)
  const body = await readBody(() => response.body, { maxBytes: MAX_KEY_SET_BYTES, timeoutMs }).catch(() => {
    throw new Error(`its body broke off, or is larger than ${MAX_KEY_SET_BYTES} bytes`)
  })
  const text = typeof body === 'string' ? body : new TextDecoder().decode(body)
  const keys = await importKeys(usableKeys(JSON.parse(text)))
  if (keys.size === 0) throw new Error('it holds no key that may verify RS256 signatures')
  return keys
}

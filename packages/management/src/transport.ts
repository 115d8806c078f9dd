import { errorMessage } from '@kinde-billing/core/internal'
import ky, { isHTTPError, isTimeoutError } from 'ky'
import { KindeManagementError } from './errors.js'
import type { ManagementSettings } from './options.js'
import type { Redactor } from './redact.js'

/** One HTTP request. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly url: string
  readonly headers?: Record<string, string> | undefined
  readonly body?: string | undefined
  /** `read` is tried again after a 5xx and a network error, `write` never, `token` unless an answer was cut short. */
  readonly kind: 'read' | 'write' | 'token'
  readonly signal?: AbortSignal | undefined
}

/** Sends requests: with a time limit, retries and `RateLimit-Reset`. An answer of any status is returned. */
export type Transport = (request: HttpRequest) => Promise<Response>

/** Further attempts after the first: after an outage, and after a 429. */
const MAX_RETRIES = 2
const MAX_WAITS = 4
const RETRIED_STATUSES = [429, 500, 502, 503, 504]
/** These answers have no body, and `Response` refuses one. */
const BODYLESS_STATUSES = [101, 103, 204, 205, 304]

/** The answer began and broke off. */
class CutAnswerError extends Error {}

/**
 * Creates the transport.
 *
 * ky retries, waits and times out. The body is read inside its `fetch`, so that all of this covers the body too.
 */
export function createTransport(settings: ManagementSettings, redactor: Redactor): Transport {
  const { timeoutMs, maxWaitMs, now } = settings
  return async ({ method, url, headers, body, kind, signal }) => {
    const startedAt = now()
    // a slow network must not multiply the time limit by the number of attempts
    const isLate = (): boolean => now() - startedAt > timeoutMs / 2
    try {
      return await ky(url, {
        method,
        headers: headers ?? {},
        ...(body !== undefined && { body }),
        ...(signal !== undefined && { signal }),
        redirect: 'manual',
        timeout: timeoutMs,
        fetch: (input, init) => fetchWhole(settings, input, init),
        throwHttpErrors: (status) => RETRIED_STATUSES.includes(status),
        retry: {
          limit: MAX_WAITS,
          methods: ['get', 'post', 'patch', 'delete'],
          statusCodes: RETRIED_STATUSES,
          afterStatusCodes: [429],
          maxRetryAfter: maxWaitMs,
          shouldRetry: ({ error, retryCount }) => {
            if (isHTTPError(error) && error.response.status === 429) {
              const waitMs = retryAfterMs(error.response)
              // undefined: ky obeys the header. true: it backs off.
              return waitMs === undefined ? true : waitMs <= maxWaitMs ? undefined : false
            }
            if (kind === 'write' || isTimeoutError(error) || retryCount > MAX_RETRIES) return false
            if (isHTTPError(error)) return true
            return !isLate() && !(kind === 'token' && error instanceof CutAnswerError)
          },
        },
      })
    } catch (error) {
      if (isHTTPError(error)) return error.response
      throw signal?.aborted ? signal.reason : toUnavailable(error, { method, url, timeoutMs, redactor })
    }
  }
}

/** Fetches an answer with its whole body. */
async function fetchWhole(
  { fetch }: ManagementSettings,
  input: string | URL | Request,
  init: RequestInit | undefined,
): Promise<Response> {
  const request = new Request(input, init)
  const body = request.method === 'GET' ? undefined : await request.text()
  const response = await fetch(request.url, {
    method: request.method,
    headers: Object.fromEntries(request.headers),
    ...(body !== undefined && body !== '' && { body }),
    redirect: 'manual',
    signal: request.signal,
  })
  const { status } = response
  // another implementation's headers are not those of the global Response
  const headers = new Headers()
  response.headers.forEach((value, name) => void headers.append(name, value))
  try {
    const bytes = await response.arrayBuffer()
    return new Response(BODYLESS_STATUSES.includes(status) ? null : bytes, { status, headers })
  } catch (cause) {
    throw new CutAnswerError('The answer broke off', { cause })
  }
}

/** The wait that Kinde asks for, in milliseconds; `undefined` if the header is absent or cannot be read. */
export function retryAfterMs(response: Response): number | undefined {
  const seconds = (response.headers.get('retry-after') ?? response.headers.get('ratelimit-reset'))?.trim()
  return seconds !== undefined && /^\d{1,9}(?:\.\d+)?$/.test(seconds) ? Number(seconds) * 1000 : undefined
}

function toUnavailable(
  error: unknown,
  { method, url, timeoutMs, redactor }: { method: string; url: string; timeoutMs: number; redactor: Redactor },
): KindeManagementError {
  const { origin, pathname } = new URL(url)
  // The thrown error holds the request with its headers: only its text is passed on.
  const reason = isTimeoutError(error)
    ? `no complete answer within ${timeoutMs} ms (timeoutMs)`
    : redactor.redact(errorMessage(error))
  return new KindeManagementError('unavailable', `${method} ${origin}${pathname} failed: ${reason}.`, {
    cause: new Error(reason),
  })
}

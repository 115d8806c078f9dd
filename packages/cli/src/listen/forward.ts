import { getWord } from '../endpoint/answer-word.js'
import { type Answer, send } from '../endpoint/send.js'
import type { Target } from '../endpoint/target.js'
import type { CapturedRequest } from '../verify/raw-http.js'
import type { ForwardedAnswer } from './delivery.js'

/** Headers of one connection (RFC 9110, section 7.6.1), and those that follow from the target and the body. */
const NOT_FORWARDED = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
  'content-length',
  'expect',
])

const FORWARD_TIMEOUT_MS = 60_000

/** Sends a request to the application with its exact body and headers. */
export async function forward(
  target: Target,
  { method, headers, headerLines = Object.entries(headers), body }: CapturedRequest,
  signal: AbortSignal,
): Promise<Answer> {
  return send(target, {
    method,
    headers: toForwardedHeaders(headerLines),
    body: method === 'GET' || method === 'HEAD' ? undefined : Buffer.from(body, 'latin1'),
    timeoutMs: FORWARD_TIMEOUT_MS,
    signal,
  })
}

/** Keeps the case of names, and each line of a header that occurs more than once. */
function toForwardedHeaders(lines: NonNullable<CapturedRequest['headerLines']>): Record<string, string[]> {
  const headers = new Map<string, [name: string, values: string[]]>()
  for (const [name, value] of lines) {
    const key = name.toLowerCase()
    if (NOT_FORWARDED.has(key)) continue
    const [, values] = headers.get(key) ?? [name, []]
    values.push(value)
    headers.set(key, [headers.get(key)?.[0] ?? name, values])
  }
  return Object.fromEntries(headers.values())
}

/** Shortens an answer for the screen. */
export function toForwardedAnswer({ status, body, failure, errorCode, durationMs }: Answer): ForwardedAnswer {
  const answer = status === undefined ? (errorCode ?? failure ?? 'no answer') : (getWord(body) ?? '')
  return { status, answer, durationMs: Math.round(durationMs) }
}

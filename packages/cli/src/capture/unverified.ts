import type { IncomingMessage } from 'node:http'
import type { Keep, Receive } from './capture.js'

const MAX_TOKEN_BYTES = 1024 * 1024
const MAX_DEPTH = 64

/** A receiver that checks no signature, and takes whatever looks like a token. It answers in the words of the real one. */
export function receiveUnverified(keep: Keep): Receive {
  return async (request, response) => {
    const answer = (
      status: number,
      outcome: string,
      file?: string,
      filled: readonly string[] = [],
      problem?: string,
    ) => {
      if (!request.complete) response.shouldKeepAlive = false
      const body = status === 200 ? { status: outcome } : { error: status === 401 ? 'unauthorized' : outcome }
      response.writeHead(status, { 'content-type': 'application/json', ...(status === 405 ? { allow: 'POST' } : {}) })
      response.end(JSON.stringify(body))
      return { status, outcome, file, isVerified: false, filled, problem }
    }
    if (request.method !== 'POST') return answer(405, 'method_not_allowed', undefined, [], 'Kinde posts its webhooks.')
    const token = await readToken(request)
    if (token === undefined) return answer(413, 'payload_too_large', undefined, [], 'The body is larger than 1 MiB.')
    const claims = readUnverifiedClaims(token)
    if (claims === undefined)
      return answer(401, 'malformed_token', undefined, [], 'The body is no token: three parts with dots between.')
    try {
      const { file, filled } = await keep(claims, false)
      return answer(200, 'processed', file, filled)
    } catch (error) {
      return answer(500, 'handler_failed', undefined, [], error instanceof Error ? error.message : String(error))
    }
  }
}

async function readToken(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      size += chunk.length
      if (size > MAX_TOKEN_BYTES) return undefined
      chunks.push(chunk)
    }
  } catch {
    return ''
  }
  return Buffer.concat(chunks).toString('latin1')
}

/**
 * The claims of a token whose signature nobody has checked: enough for a fixture that is marked as such, and for nothing
 * else.
 *
 * @returns undefined for what is no token
 */
export function readUnverifiedClaims(token: string): { [claim: string]: unknown } | undefined {
  const parts = token.trim().split('.')
  if (parts.length !== 3 || !parts.every((part) => /^[\w-]+$/.test(part))) return undefined
  try {
    const claims: unknown = JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString('utf8'))
    const isObject = typeof claims === 'object' && claims !== null && !Array.isArray(claims)
    return isObject && isShallow(claims, MAX_DEPTH) ? Object.fromEntries(Object.entries(claims)) : undefined
  } catch {
    return undefined
  }
}

function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return depth > 0 && Object.values(value).every((member) => isShallow(member, depth - 1))
}

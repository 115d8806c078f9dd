import { gunzipSync } from 'node:zlib'
import { UsageError } from '../usage-error.js'
import { splitJson } from './json-in-text.js'
import { type CapturedRequest, isRawHttp, joinHeaders, parseRawHttp, splitRawHttp } from './raw-http.js'

const BODY_MEMBERS = ['body', 'rawBody', 'raw_body', 'token', 'jwt', 'content', 'payload'] as const
const MAX_GUNZIPPED_BYTES = 32 * 1024 * 1024

/**
 * Finds the deliveries in a capture:
 *
 * - a token alone,
 * - a request as raw HTTP text,
 * - JSON that contains requests, at any depth: tunnels (ngrok's base64 `raw`), request bins, HAR files, events of serverless
 *   functions, CloudWatch logs, lists of any of these,
 * - log lines that contain JSON or tokens.
 *
 * @returns At least one delivery. Text in which nothing is recognized counts as a body.
 * @throws UsageError for JSON without a delivery
 */
export function parseCapture(text: string): readonly CapturedRequest[] {
  const trimmed = text.trim()
  const value = parseJson(trimmed)
  const find = (isBody: IsBody): CapturedRequest[] =>
    value === undefined ? findInText(trimmed, isBody, 0) : findInValue(value, isBody, 0)
  // a log record may have a "content" or "payload" of its own beside the token
  const strict = find(looksLikeToken)
  const found = strict.length > 0 ? strict : find(() => true)
  const unique = [...new Map(found.map((request) => [request.body, request])).values()]
  if (unique.length > 0) return unique
  if (typeof value !== 'object') return [toRequest(typeof value === 'string' ? value : trimmed)]
  throw new UsageError(
    isDecodedPayload(value)
      ? 'This is the decoded payload of a token. Its signature is gone, so it cannot be verified. Capture the body as it arrives.'
      : `The JSON does not contain a delivery. Its body must be a string in ${BODY_MEMBERS.map((name) => JSON.stringify(name)).join(', ')}.`,
  )
}

/** Decides which texts count as the body of a request. */
type IsBody = (text: string) => boolean

const looksLikeToken: IsBody = (text) => text.search(TOKEN_IN_TEXT) >= 0

const toRequest = (body: string): CapturedRequest => ({ method: 'POST', headers: {}, body: body.trim() })

/** Parses JSON that is a string, a list or an object. */
function parseJson(text: string): unknown {
  if (!/^["[{]/.test(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isDecodedPayload = (value: unknown): boolean => 'event_id' in toMembers(value) || 'type' in toMembers(value)

/** Deeper nesting is not a capture. */
const MAX_DEPTH = 32

function findInValue(value: unknown, isBody: IsBody, depth: number): CapturedRequest[] {
  if (depth > MAX_DEPTH) return []
  if (typeof value === 'string') return findInText(value.trim(), isBody, depth)
  if (Array.isArray(value)) return value.flatMap((member: unknown) => findInValue(member, isBody, depth + 1))
  const members = toMembers(value)
  const request = findRequest(members, isBody)
  if (request !== undefined) return [request]
  return Object.entries(members).flatMap(([name, member]) =>
    // the answer of the endpoint is not a delivery, and an access token in a header is not a webhook
    name === 'response' || name === 'headers' ? [] : findInValue(member, isBody, depth + 1),
  )
}

/** A token in text, but not one in an `Authorization` header. */
const TOKEN_IN_TEXT = /(?<!Bearer\s+)\beyJ[\w-]{8,}\.[\w-]{2,}\.[\w-]*/gi
const TOKEN = /^eyJ[\w-]+\.[\w-]+\.[\w-]*$/

/** Searches text, which may contain JSON or tokens among other things. */
function findInText(text: string, isBody: IsBody, depth: number): CapturedRequest[] {
  if (TOKEN.test(text)) return [toRequest(text)]
  if (isRawHttp(text)) return splitRawHttp(text).map(parseRawHttp)
  const decoded = decodeBase64(text)
  if (decoded !== undefined) return findInText(decoded, isBody, depth + 1)
  const value = parseJson(text)
  if (value !== undefined) return findInValue(value, isBody, depth + 1)
  return splitJson(text).flatMap((piece) => {
    const found = piece.value === undefined ? [] : findInValue(piece.value, isBody, depth + 1)
    return found.length > 0 ? found : (piece.text.match(TOKEN_IN_TEXT) ?? []).map(toRequest)
  })
}

/** Decodes base64 of a token, of raw HTTP, or of gzipped logs, as tunnels and log subscriptions write them. */
function decodeBase64(text: string): string | undefined {
  // MIME breaks lines after 76 characters
  if (!/^(?:[\w+/-]+\r?\n)*[\w+/-]+={0,2}$/.test(text) || text.length < 16) return undefined
  const bytes = Buffer.from(text, 'base64')
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b
  const decoded = (isGzip ? gunzip(bytes) : bytes).toString('utf8').trim()
  return isGzip || TOKEN.test(decoded) || isRawHttp(decoded) ? decoded : undefined
}

function gunzip(bytes: Buffer): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_GUNZIPPED_BYTES })
  } catch {
    return Buffer.alloc(0)
  }
}

/** Reads an object as a request if it has a body. */
function findRequest(members: Record<string, unknown>, isBody: IsBody): CapturedRequest | undefined {
  const { raw, postData } = members
  if (typeof raw === 'string') {
    const http = isRawHttp(raw.trim()) ? raw.trim() : decodeBase64(raw.trim())
    if (http !== undefined) return isRawHttp(http) ? parseRawHttp(http) : withRequestLine(members, http)
  }
  const { text, encoding } = toMembers(postData)
  const bodies = BODY_MEMBERS.map((name) => decodeBody(members[name], members['isBase64Encoded'] === true))
  const body = [...bodies, decodeBody(text, encoding === 'base64')].find((one) => one !== undefined && isBody(one))
  return body === undefined ? undefined : withRequestLine(members, body)
}

function withRequestLine(members: Record<string, unknown>, body: string): CapturedRequest {
  const { method, httpMethod, headers, multiValueHeaders, requestContext } = members
  const { method: contextMethod } = toMembers(toMembers(requestContext)['http'])
  const name = [method, httpMethod, contextMethod].find((one) => typeof one === 'string')
  return {
    method: typeof name === 'string' ? name.toUpperCase() : 'POST',
    headers: joinHeaders(headerEntries(headers ?? multiValueHeaders)),
    body: body.trim(),
  }
}

/** Reads text, or a `Buffer` as JSON.stringify writes it. */
function decodeBody(value: unknown, isEncoded: boolean): string | undefined {
  const { type, data } = toMembers(value)
  if (type === 'Buffer' && Array.isArray(data)) return Buffer.from(data).toString('utf8')
  if (typeof value !== 'string') return undefined
  return isEncoded ? Buffer.from(value, 'base64').toString('utf8') : (decodeBase64(value.trim()) ?? value)
}

function toMembers(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

/** Reads headers from an object of strings or lists, or from a list of names and values. */
function headerEntries(headers: unknown): [string, string][] {
  if (Array.isArray(headers))
    return headers.flatMap((header: unknown): [string, string][] => {
      const { name, value } = toMembers(header)
      return typeof name === 'string' && typeof value === 'string' ? [[name, value]] : []
    })
  return Object.entries(toMembers(headers)).flatMap(([name, value]) =>
    [value].flat().flatMap((one): [string, string][] => (typeof one === 'string' ? [[name, one]] : [])),
  )
}

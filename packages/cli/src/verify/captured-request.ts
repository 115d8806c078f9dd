import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Terminal } from '../terminal.js'
import { UsageError } from '../usage-error.js'

/** A delivery that somebody has captured: at the least its body. */
export interface CapturedRequest {
  readonly method: string
  /** By lower-case name. */
  readonly headers: { readonly [name: string]: string }
  readonly body: string
}

const MAX_CAPTURE_BYTES = 8 * 1024 * 1024

/**
 * Reads a capture from a file, or from standard input for `-`.
 *
 * @throws UsageError for a file that cannot be read, is larger than 8 MiB, or is empty
 */
export async function readCapture(source: string, { cwd, stdin }: Pick<Terminal, 'cwd' | 'stdin'>): Promise<string> {
  const text = source === '-' ? await readAll(stdin) : await readText(resolve(cwd, source), source)
  if (text.trim() === '')
    throw new UsageError(`${source === '-' ? 'Standard input' : source} is empty: it must hold a token or a request.`)
  return text
}

async function readText(path: string, name: string): Promise<string> {
  try {
    const bytes = await readFile(path)
    if (bytes.byteLength <= MAX_CAPTURE_BYTES) return decode(bytes)
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new UsageError(
      `${name} cannot be read (${reason}): name a file that holds the delivery, or - for standard input.`,
    )
  }
  throw new UsageError(`${name} is larger than 8 MiB, which no delivery is.`)
}

async function readAll(stdin: Terminal['stdin']): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk)
    size += bytes.byteLength
    if (size > MAX_CAPTURE_BYTES) throw new UsageError('Standard input is larger than 8 MiB, which no delivery is.')
    chunks.push(bytes)
  }
  return decode(Buffer.concat(chunks))
}

/** PowerShell writes redirected output as UTF-16, and some editors put a byte order mark before UTF-8. */
function decode(bytes: Buffer): string {
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe
  return new TextDecoder(isUtf16 ? 'utf-16le' : 'utf-8').decode(bytes)
}

/**
 * Makes a request of what was captured: a token alone, a request as raw HTTP text, or JSON that holds the body, as tunnels,
 * request bins and serverless logs write it (`{"body": …}`, `{"headers": …, "body": …, "isBase64Encoded": true}`).
 *
 * @throws UsageError for JSON without a body
 */
export function parseCapture(text: string): CapturedRequest {
  const trimmed = text.trim()
  if (/^[A-Z]+ \S+ HTTP\/\d/.test(trimmed)) return parseHttp(trimmed)
  if (/^[{"]/.test(trimmed)) return parseJson(trimmed)
  return { method: 'POST', headers: {}, body: trimmed }
}

function parseHttp(text: string): CapturedRequest {
  const [, head = text, body = ''] = /^(.*?)\r?\n\r?\n(.*)$/s.exec(text) ?? []
  const [requestLine = '', ...lines] = head.split(/\r?\n/)
  const headers = joinHeaders(
    lines.map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  )
  const isChunked = /chunked/i.test(headers['transfer-encoding'] ?? '')
  return { method: requestLine.split(' ', 1)[0] ?? '', headers, body: (isChunked ? joinChunks(body) : body).trim() }
}

/** A chunked body (RFC 9112, section 7.1), by its lines: a token has none of its own. */
function joinChunks(body: string): string {
  const lines = body.split(/\r?\n/)
  return lines.filter((_line, index) => index % 2 === 1).join('')
}

function joinHeaders(entries: readonly (readonly [string, string])[]): Record<string, string> {
  const headers = new Map<string, string>()
  for (const [rawName, value] of entries) {
    const name = rawName.toLowerCase()
    headers.set(name, headers.has(name) ? `${headers.get(name)}, ${value}` : value)
  }
  return Object.fromEntries(headers)
}

const BODY_MEMBERS = ['body', 'rawBody', 'raw_body', 'token', 'jwt', 'content', 'payload'] as const

function parseJson(text: string): CapturedRequest {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { method: 'POST', headers: {}, body: text }
  }
  if (typeof value === 'string') return { method: 'POST', headers: {}, body: value.trim() }
  const outer = membersOf(value)
  const captured = 'request' in outer ? membersOf(outer['request']) : outer
  const body = BODY_MEMBERS.map((name) => captured[name]).find((member) => typeof member === 'string')
  if (typeof body !== 'string')
    throw new UsageError(
      `The JSON holds no body: it must be a string in ${BODY_MEMBERS.map((name) => JSON.stringify(name)).join(', ')}. A payload that somebody has decoded cannot be verified.`,
    )
  const isEncoded = captured['isBase64Encoded'] === true
  return {
    method: typeof captured['method'] === 'string' ? captured['method'].toUpperCase() : 'POST',
    headers: joinHeaders(headerEntries(captured['headers'])),
    body: (isEncoded ? Buffer.from(body, 'base64').toString('utf8') : body).trim(),
  }
}

function membersOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

/** Headers as an object of strings or lists, or as a list of names and values. */
function headerEntries(headers: unknown): [string, string][] {
  if (Array.isArray(headers))
    return headers.flatMap((header: unknown) => {
      const { name, value } = membersOf(header)
      return typeof name === 'string' && typeof value === 'string' ? [[name, value] as [string, string]] : []
    })
  return Object.entries(membersOf(headers)).flatMap(([name, value]) =>
    [value].flat().flatMap((one) => (typeof one === 'string' ? [[name, one] as [string, string]] : [])),
  )
}

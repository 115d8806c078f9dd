import type { IncomingMessage } from 'node:http'
import type { CapturedRequest } from '../verify/raw-http.js'
import { joinHeaders } from '../verify/raw-http.js'

/** Largest body, as in a receiver. */
export const MAX_BODY_BYTES: number = 1024 * 1024

/** A request that arrived, or the reason why it could not be read. */
export type ReadRequest = {
  readonly request: CapturedRequest
  readonly failure: 'too_large' | 'unreadable' | undefined
}

/** Reads a request with its exact body. A token is ASCII, and latin1 maps any byte to one character and back. */
export async function readRequest(incoming: IncomingMessage): Promise<ReadRequest> {
  const headerLines = toHeaderLines(incoming.rawHeaders)
  const request = { method: incoming.method ?? '', headers: joinHeaders(headerLines), headerLines, body: '' }
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
      size += chunk.length
      if (size > MAX_BODY_BYTES) return { request, failure: 'too_large' }
      chunks.push(chunk)
    }
  } catch {
    return { request, failure: 'unreadable' }
  }
  return { request: { ...request, body: Buffer.concat(chunks).toString('latin1') }, failure: undefined }
}

/** Node lists names and values alternately. */
function toHeaderLines(rawHeaders: readonly string[]): [string, string][] {
  return rawHeaders.flatMap((name, index): [string, string][] =>
    index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? '']] : [],
  )
}

/** An HTTP answer as it came over the socket. */
export interface HttpAnswer {
  readonly status: number
  /** By lower-case name, each line with its own value. */
  readonly headers: { readonly [name: string]: readonly string[] }
  readonly body: string
  /** The whole response, byte for byte. */
  readonly raw: string
}

/**
 * Reads an answer by hand, because a client library would join, decode and repair what is checked.
 *
 * @returns undefined while it is not complete.
 */
export function readAnswer(raw: string, isHead: boolean, isClosed: boolean): HttpAnswer | undefined {
  const headEnd = raw.indexOf('\r\n\r\n')
  if (headEnd === -1) return undefined
  const [statusLine = '', ...lines] = raw.slice(0, headEnd).split('\r\n')
  const rest = raw.slice(headEnd + 4)
  const status = Number(statusLine.split(' ')[1])
  // an interim answer, such as 100 Continue
  if (status < 200) return readAnswer(rest, isHead, isClosed)
  const headers = readHeaders(lines)
  const body = isHead ? '' : readBody(rest, headers, isClosed)
  return body === undefined ? undefined : { status, headers, body, raw }
}

function readHeaders(lines: readonly string[]): HttpAnswer['headers'] {
  const headers: { [name: string]: string[] } = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    headers[name] = [...(headers[name] ?? []), line.slice(colon + 1).trim()]
  }
  return headers
}

function readBody(rest: string, headers: HttpAnswer['headers'], isClosed: boolean): string | undefined {
  if (headers['transfer-encoding']?.at(-1)?.toLowerCase() === 'chunked') return readChunks(rest)
  const length = headers['content-length']?.[0]
  if (length === undefined) return isClosed ? rest : undefined
  return rest.length < Number(length) ? undefined : rest.slice(0, Number(length))
}

function readChunks(rest: string): string | undefined {
  const sizeEnd = rest.indexOf('\r\n')
  if (sizeEnd === -1) return undefined
  const size = Number.parseInt(rest.slice(0, sizeEnd), 16)
  const chunkEnd = sizeEnd + 2 + size
  if (rest.length < chunkEnd + 2) return undefined
  if (size === 0) return ''
  const further = readChunks(rest.slice(chunkEnd + 2))
  return further === undefined ? undefined : rest.slice(sizeEnd + 2, chunkEnd) + further
}

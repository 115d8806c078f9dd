/** A captured delivery: at least its body. */
export interface CapturedRequest {
  readonly method: string
  /** By lower-case name. */
  readonly headers: { readonly [name: string]: string }
  /** As the sender wrote them: in its case and order, and each line of a repeated header. */
  readonly headerLines?: readonly (readonly [name: string, value: string])[] | undefined
  readonly body: string
}

/** Checks that a text starts like an HTTP request. */
export const isRawHttp = (text: string): boolean => /^[A-Z]+ \S+ HTTP\/\d/.test(text)

/** Splits text that contains several requests. A token is no request line. */
export const splitRawHttp = (text: string): string[] => text.split(/^(?=[A-Z]+ \S+ HTTP\/\d)/m)

/** Parses a request as raw HTTP text. */
export function parseRawHttp(text: string): CapturedRequest {
  const [, head = text, body = ''] = /^(.*?)\r?\n\r?\n(.*)$/s.exec(text) ?? []
  const [requestLine = '', ...lines] = head.split(/\r?\n/)
  const headers = joinHeaders(
    lines.map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  )
  const isChunked = /chunked/i.test(headers['transfer-encoding'] ?? '')
  return { method: requestLine.split(' ', 1)[0] ?? '', headers, body: (isChunked ? joinChunks(body) : body).trim() }
}

/** Joins a chunked body (RFC 9112, section 7.1). Every second line is a size, since a token has no line breaks. */
function joinChunks(body: string): string {
  const lines = body.split(/\r?\n/)
  return lines.filter((_line, index) => index % 2 === 1).join('')
}

/** Joins values of headers that occur more than once. */
export function joinHeaders(entries: readonly (readonly [string, string])[]): Record<string, string> {
  const headers = new Map<string, string>()
  for (const [rawName, value] of entries) {
    const name = rawName.toLowerCase()
    headers.set(name, headers.has(name) ? `${headers.get(name)}, ${value}` : value)
  }
  return Object.fromEntries(headers)
}

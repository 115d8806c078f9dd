const MAX_BYTES = 16 * 1024

/** The reason why a POST is refused before its form is read, or `undefined`. */
export function refuseRequest(request: Request): string | undefined {
  if (!isSameOrigin(request)) return 'The form was sent from another site.'
  const [type = ''] = (request.headers.get('content-type') ?? '').split(';')
  if (type.trim().toLowerCase() !== 'application/x-www-form-urlencoded')
    return 'Only forms of this console are accepted.'
  return undefined
}

/**
 * Tells whether a browser sent the request from the console itself. `Sec-Fetch-Site` is the browser's own comparison, and
 * holds behind proxies that change the host. A request with neither header is no browser's, and still needs a token.
 */
function isSameOrigin({ headers, url }: Request): boolean {
  const site = headers.get('sec-fetch-site')
  const origin = headers.get('origin')
  if (site !== null) return site === 'same-origin'
  if (origin === null) return true
  // a page of another site can name no forwarded host: browsers ask for permission before they send such a header
  const forwarded = (headers.get('x-forwarded-host') ?? '').split(',').map((host) => host.trim())
  const hosts = [headers.get('host') ?? new URL(url).host, ...forwarded]
  return URL.canParse(origin) && hosts.includes(new URL(origin).host)
}

/** Reads the fields of a form; `undefined` if it is too large. */
export async function readForm(request: Request): Promise<URLSearchParams | undefined> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > MAX_BYTES) return undefined
    text += decoder.decode(chunk, { stream: true })
  }
  return new URLSearchParams(text + decoder.decode())
}

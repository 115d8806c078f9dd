import { createHash } from 'node:crypto'
import { ICON } from './icon.js'
import { SCRIPT } from './script.js'
import { STYLE } from './style.js'

const FILES = new Map(
  [
    ['console.css', 'text/css; charset=utf-8', STYLE],
    ['console.js', 'text/javascript; charset=utf-8', SCRIPT],
    ['icon.svg', 'image/svg+xml', ICON],
  ].map(([name = '', type = '', text = '']) => {
    const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"`
    return [name, { type, text, etag }]
  }),
)

/** Answers a request for a file of the page, or `undefined` if it is none. */
export function serveAsset(request: Request, [name = '', ...rest]: readonly string[]): Response | undefined {
  const file = rest.length === 0 ? FILES.get(name) : undefined
  if (file === undefined) return undefined
  // Asked again each time, since only an operator may have it.
  const headers = { 'content-type': file.type, etag: file.etag, 'cache-control': 'private, no-cache' }
  const known = (request.headers.get('if-none-match') ?? '').split(',').map((tag) => tag.trim())
  if (known.includes(file.etag)) return new Response(null, { status: 304, headers })
  return new Response(request.method === 'HEAD' ? null : file.text, { headers })
}

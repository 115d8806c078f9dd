import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import type { FastifyInstance } from 'fastify'

const FOLDER = join(import.meta.dirname, '../public')

const MEDIA_TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** A route for each file of the page, and for nothing else. */
export function servePage(app: FastifyInstance): void {
  for (const name of readdirSync(FOLDER)) {
    const content = readFileSync(join(FOLDER, name))
    app.get(name === 'index.html' ? '/' : `/${name}`, (_request, reply) =>
      reply
        .type(MEDIA_TYPES[extname(name)] ?? 'application/octet-stream')
        .headers({
          'cache-control': 'no-cache',
          'content-security-policy': "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
          'x-content-type-options': 'nosniff',
          'referrer-policy': 'no-referrer',
        })
        .send(content),
    )
  }
}

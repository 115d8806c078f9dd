import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'

const ROOT = join(import.meta.dirname, '../..')
export const DIST = join(ROOT, 'docs/.vitepress/dist')

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.md': 'text/markdown; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
}

/** Builds the site under a path, as GitHub Pages serves it. The API reference is only made if it is missing. */
export async function buildSite(url: string): Promise<void> {
  const run = promisify(execFile)
  const options = { cwd: ROOT, env: { ...process.env, DOCS_URL: url }, maxBuffer: 64 * 1024 * 1024 }
  if (!existsSync(join(ROOT, 'docs/api'))) {
    await run('npx', ['typedoc'], options)
    await run('npx', ['tsx', 'docs/.vitepress/api-pages.ts'], options)
  }
  await run('npx', ['vitepress', 'build', 'docs'], options)
}

/** Serves the built site on loopback under a path. `/page` is `page.html`. */
export async function serveSite(base: string): Promise<{ origin: string; close(): Promise<void> }> {
  const server = createServer(({ url = '' }, response) => {
    const path = decodeURIComponent(new URL(url, 'http://localhost').pathname)
    const file = path.startsWith(base) ? findFile(path.slice(base.length)) : undefined
    if (file === undefined) return response.writeHead(404).end()
    return response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? '' }).end(readFileSync(file))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => void server.close(() => resolve()).closeAllConnections()),
  }
}

function findFile(path: string): string | undefined {
  const candidates = [path, `${path}.html`, join(path, 'index.html')].map((name) => join(DIST, name))
  return candidates.find((file) => file.startsWith(DIST) && existsSync(file) && statSync(file).isFile())
}

/** Every file of the built site, by its path. */
export function listBuilt(): string[] {
  return readdirSync(DIST, { recursive: true, encoding: 'utf8' }).filter((name) => statSync(join(DIST, name)).isFile())
}

export function readBuilt(name: string): string {
  return readFileSync(join(DIST, name), 'utf8')
}

/** The bytes that a browser loads for these files, compressed as GitHub Pages sends them. */
export function weigh(names: string[]): number {
  return names.reduce((sum, name) => sum + gzipSync(readFileSync(join(DIST, name))).length, 0)
}

/** The pages that people write, without the API reference: `quick-start`, `guides/access`. */
export function listPages(): string[] {
  return readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.startsWith('api/') && !name.includes('node_modules'))
    .filter((name) => !name.startsWith('.vitepress/'))
    .map((name) => name.replace(/\.md$/, ''))
    .sort()
}

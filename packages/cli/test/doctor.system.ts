import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureBuilt, nextBuild } from '@kinde-billing/test-support/example-builds'
import { freePort, type ServerProcess, startServer } from '@kinde-billing/test-support/server-process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '../../..')
const TSX = join(ROOT, 'node_modules/.bin/tsx')
const folderOf = (example: string): string => join(ROOT, 'examples', example)

let state: string
beforeAll(async () => {
  state = await mkdtemp(join(tmpdir(), 'kinde-billing-'))
})
afterAll(() => rm(state, { recursive: true }))

interface Outcome {
  readonly code: number
  readonly report: {
    readonly ok: boolean
    readonly findings: unknown[]
    readonly checks: { readonly verdict: string }[]
  }
}

/** Runs the command line in another process. */
function doctor(url: string, issuerPort: number): Promise<Outcome> {
  const args = ['--conditions=@kinde-billing/source', join(ROOT, 'packages/cli/src/main.ts'), 'doctor', '--to', url]
  args.push('--issuer-port', String(issuerPort), '--key-file', join(state, 'key.json'), '--json')
  return new Promise((resolve, reject) => {
    execFile(TSX, args, (error, stdout, stderr) => {
      if (stdout === '') reject(new Error(stderr))
      else resolve({ code: Number(error?.code ?? 0), report: JSON.parse(stdout) })
    })
  })
}

async function start(example: string, issuerPort: number, port: number): Promise<ServerProcess> {
  const cwd = folderOf(example)
  const env = {
    ...process.env,
    NODE_ENV: 'production',
    KINDE_ISSUER_URL: `http://127.0.0.1:${issuerPort}`,
    PORT: String(port),
    // Next.js runs what was built
    ...(example !== 'next' && { NODE_OPTIONS: '--conditions=@kinde-billing/source' }),
  }
  if (example === 'next') {
    for (const name of ['core', 'state', 'next']) await ensureBuilt(name)
    await nextBuild(cwd)
    return startServer(join(cwd, 'node_modules/.bin/next'), ['start'], /Ready/, { cwd, env })
  }
  // its bundler finds what was built
  if (example === 'workers') for (const name of ['core', 'state', 'hono', 'cloudflare']) await ensureBuilt(name)
  const { scripts } = JSON.parse(await readFile(join(cwd, 'package.json'), 'utf8'))
  const [, ...args] = scripts.start.split(' ')
  return startServer(TSX, args, /Listening/, { cwd, env })
}

describe.each(['node-http', 'express', 'fastify', 'hono', 'workers', 'next'])(
  'the application of examples/%s',
  (example) => {
    it('has no fault that the doctor finds', {
      timeout: 300_000,
    }, async () => {
      const [issuerPort, port] = [await freePort(), await freePort()]
      const server = await start(example, issuerPort, port)
      try {
        const url = `http://localhost:${port}${example === 'next' ? '/api' : ''}/webhooks/kinde`
        // with fresh keys an application asks for others only after half a minute: seen on one of them
        for (const _state of example === 'node-http' ? ['fresh', 'warm'] : ['fresh']) {
          const { code, report } = await doctor(url, issuerPort)
          expect(report.findings).toStrictEqual([])
          expect(report.checks.filter(({ verdict }) => verdict === 'skipped')).toStrictEqual([])
          expect({ code, ok: report.ok }).toStrictEqual({ code: 0, ok: true })
        }
      } finally {
        await server.stop('SIGTERM')
      }
    })
  },
)

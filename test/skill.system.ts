import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort, type ServerProcess, startServer } from '@kinde-billing/test-support/server-process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const SOURCES = ['--conditions=@kinde-billing/source', '--import', 'tsx']

const skill = await readFile(join(ROOT, 'skills/kinde-billing/SKILL.md'), 'utf8')
const commands = [...skill.matchAll(/^npx kinde-billing (.+)$/gm)].map(([, args = '']) => args.split(' '))
const [application = ''] = [...skill.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, text = '']) => text)

describe('skills/kinde-billing', () => {
  let folder: string
  let file: string
  let env: NodeJS.ProcessEnv
  let server: ServerProcess
  let ports: { issuer: number; application: number }

  beforeAll(async () => {
    ports = { issuer: await freePort(), application: await freePort() }
    folder = await mkdtemp(join(tmpdir(), 'skill-'))
    // beside an example that has its dependencies installed
    file = join(ROOT, `examples/express/skill-${process.pid}.ts`)
    await writeFile(file, application.replace('3000', String(ports.application)))
    env = { ...process.env, KINDE_ISSUER_URL: `http://127.0.0.1:${ports.issuer}`, XDG_STATE_HOME: folder }
    server = await startServer(process.execPath, [...SOURCES, file], /^listening$/m, { cwd: ROOT, env })
  })
  afterAll(async () => {
    await server.stop('SIGTERM')
    await rm(file)
    await rm(folder, { recursive: true })
  })

  it('has the commands that it promises', () => {
    expect(commands.map(([name]) => name)).toEqual(['trigger', 'trigger', 'trigger', 'doctor'])
  })

  it.each(commands.map((args) => [args.join(' '), args] as const))(
    'ends with 0: npx kinde-billing %s',
    async (_, args) => {
      const here = args.map((one) => one.replace('localhost:3000', `localhost:${ports.application}`))
      const main = join(ROOT, 'packages/cli/src/main.ts')
      const run = promisify(execFile)(
        process.execPath,
        [...SOURCES, main, ...here, '--issuer-port', String(ports.issuer)],
        { cwd: ROOT, env },
      )
      await expect(run).resolves.toBeDefined()
    },
    400_000,
  )
})

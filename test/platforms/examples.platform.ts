import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isInstalled } from '@kinde-billing/test-support/installed'
import { type PostgresServer, startPostgres } from '@kinde-billing/test-support/postgres-server'
import {
  type CopiedExample,
  copyExample,
  runCommand,
  startExample,
  withoutSettings,
} from '@kinde-billing/test-support/recipes/example'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { billingEventFixture, createTestIssuer, deliver } from '../../packages/testing/src/index.js'
import { startTestIssuer, type TestIssuerServer } from '../../packages/testing/src/server.js'
import { EXAMPLES, RECIPES } from './list-examples.js'

const READY = /listening|ready in|Open http/i

let issuer: TestIssuerServer
let postgres: PostgresServer | undefined
let env: NodeJS.ProcessEnv

beforeAll(async () => {
  issuer = await startTestIssuer()
  postgres = isInstalled('postgres') ? await startPostgres() : undefined
  const { NODE_ENV: _, VITEST: __, NODE_OPTIONS: ___, ...inherited } = process.env
  env = { ...inherited, KINDE_ISSUER_URL: issuer.issuer }
})
afterAll(async () => {
  await issuer.close()
  await postgres?.close()
})

describe.each(EXAMPLES.filter((name) => !RECIPES.includes(name)))(
  'examples/%s, copied out of the repository',
  (name) => {
    let example: CopiedExample
    let readme: string

    beforeAll(async () => {
      example = await copyExample(name, inject('folder'), inject('tarballs'))
      readme = await readFile(join(example.folder, 'README.md'), 'utf8')
      for (const command of example.commands.slice(0, -1)) await runCommand(command, example.folder, env)
    })

    it('compiles', async () => {
      await runCommand('npm run typecheck', example.folder, env)
    })

    it('does by the last command of its README what the README says', async ({ skip }) => {
      const [, path] = /`POST (\/[\w/-]*)`/.exec(readme) ?? []
      const command = example.commands.at(-1) ?? ''
      // one that receives nothing ends by itself
      if (path === undefined) return runCommand(command, example.folder, env)

      const needsPostgres = command.includes('DATABASE_URL=')
      if (needsPostgres && postgres === undefined) return skip('Postgres is not installed.')
      const settings = needsPostgres ? { ...env, DATABASE_URL: postgres?.url } : env
      const running = await startExample(withoutSettings(command, settings), READY, example.folder, settings)
      try {
        const answerTo = async (token: string) => {
          const { status, body } = await deliver(`${running.url}${path}`, token)
          return { status, body }
        }
        const token = await issuer.sign(billingEventFixture('customer.payment_failed'))
        expect(await answerTo(token)).toEqual({ status: 200, body: { status: 'processed' } })
        expect(await answerTo(token)).toEqual({ status: 200, body: { status: 'duplicate' } })
        const forger = await createTestIssuer()
        const forged = await forger.sign(billingEventFixture('customer.plan_changed'), { header: { kid: issuer.kid } })
        expect(await answerTo(forged)).toEqual({ status: 401, body: { error: 'unauthorized' } })
      } finally {
        await running.stop()
      }
    })
  },
)

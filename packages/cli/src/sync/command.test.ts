import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startTestManagementApi } from '@kinde-billing/testing/management'
import { expect, it } from 'vitest'
import { kindeBilling } from '../../test/recording-terminal.js'
import { temporaryFolder } from '../../test/temporary-folder.js'

const KINDE = {
  KINDE_DOMAIN: 'http://127.0.0.1:9',
  KINDE_MANAGEMENT_CLIENT_ID: 'a',
  KINDE_MANAGEMENT_CLIENT_SECRET: 'b',
}

it.each([
  [['sync'], {}, 'KINDE_DOMAIN, KINDE_MANAGEMENT_CLIENT_ID, KINDE_MANAGEMENT_CLIENT_SECRET are missing'],
  [['sync'], KINDE, 'DATABASE_URL is missing'],
  [['sync'], { ...KINDE, DATABASE_URL: 'nonsense' }, 'DATABASE_URL is missing or not a Postgres URL'],
  [['sync', 'somebody'], KINDE, 'is not a customer'],
  [['sync', '--check', '--yes'], KINDE, 'exclude each other'],
  [['sync', '--policy', 'no-such-file.json'], KINDE, 'Cannot read no-such-file.json'],
  [['sync', 'org_1', '--progress', 'x.json'], KINDE, '--progress is for all customers'],
])('exits with 2 and names the fix: %j %j', async (args, env, message) => {
  const { code, err } = await kindeBilling(args, { env })
  expect(code).toBe(2)
  expect(err).toContain(message)
})

it('refuses a file that is no access policy, and names the member', async () => {
  const file = join(await temporaryFolder(), 'policy.json')
  await writeFile(file, '{"pastDueGraceMs": "14 days"}')
  const { code, err } = await kindeBilling(['sync', '--policy', file], { env: KINDE })
  expect([code, err]).toEqual([2, expect.stringContaining('policy.pastDueGraceMs')])
})

it('exits with 1 within ten seconds for wrong credentials and if nothing listens', async () => {
  const users = [{ id: 'kp_1', billing: { customer_id: 'customer_1' } }]
  const kinde = await startTestManagementApi({ users, agreements: { customer_1: [] } })
  const DATABASE_URL = 'postgres://127.0.0.1:9/x'
  const wrong = { ...kinde.env, KINDE_MANAGEMENT_CLIENT_SECRET: 'a_wrong_secret', DATABASE_URL }
  expect(await kindeBilling(['sync', '--check'], { env: wrong })).toMatchObject({
    code: 1,
    err: expect.stringContaining('unauthorized'),
  })
  const noDatabase = await kindeBilling(['sync', '--check'], { env: { ...kinde.env, DATABASE_URL } })
  expect(noDatabase).toMatchObject({ code: 1, err: expect.stringContaining('database: ') })
  await kinde.close()
  const startedAt = performance.now()
  const { code, err } = await kindeBilling(['sync', '--check'], { env: { ...kinde.env, DATABASE_URL } })
  expect(code).toBe(1)
  expect(err).toContain('ECONNREFUSED')
  expect(performance.now() - startedAt).toBeLessThan(10_000)
})

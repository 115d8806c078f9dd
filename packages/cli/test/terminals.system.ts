import { writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { billingEventFixture } from '@kinde-billing/testing'
import { startTestManagementApi, type TestManagementApi } from '@kinde-billing/testing/management'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from './temporary-folder.js'
import { COLOR, codesOf, isJson, longLines, type Result, type Row, runAll } from './terminal-runs.js'

let home: string
let kinde: TestManagementApi
let application: Server
let origin: string
const run = (rows: readonly Row[], columns?: number, settings = {}): Promise<Result[]> =>
  runAll(rows, { home, columns, env: { ...kinde.env, ...settings } })
beforeAll(async () => {
  home = await temporaryFolder()
  kinde = await startTestManagementApi()
  kinde.tenant.webhooks.push({
    id: 'webhook_1',
    name: 'Billing',
    endpoint: 'https://app.example/webhooks/kinde',
    event_types: ['customer.plan_changed', 'customer.agreement_created', 'customer.payment_failed'],
    created_on: '2026-01-01T00:00:00Z',
  })
  await writeFile(join(home, 'claims.json'), JSON.stringify(billingEventFixture('customer.plan_changed')))
  await writeFile(join(home, 'token.txt'), 'eyJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ.e30.c2lnbmF0dXJl')
  application = createServer((request, response) => {
    const [status, body] =
      request.url === '/right' ? [200, '{"status":"processed"}'] : [401, '{"error":"unauthorized"}']
    request.resume().once('end', () => response.writeHead(status).end(body))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => application.once('listening', resolve))
  origin = `http://127.0.0.1:${(application.address() as AddressInfo).port}`
})
afterAll(async () => {
  application.close()
  await kinde.close()
})

const NAMES = [
  'verify',
  'trigger',
  'doctor',
  'check',
  'listen',
  'webhooks',
  'types',
  'inbox',
  'sync',
  'console',
  'event',
]
const helpPages: readonly Row[] = [[], ...NAMES.map((name) => [name])].map((words) => ({
  args: [...words, '--help'],
  code: 0,
}))

/** Commands that also write JSON. */
function reports(): readonly Row[] {
  const trigger = (path: string, ...words: string[]): string[] => [
    'trigger',
    ...words,
    ...['--to', `${origin}${path}`, '--issuer-port', '0'],
  ]
  return [
    { args: ['verify', '--issuer', origin, 'token.txt'], code: 1 },
    { args: trigger('/right', 'customer.plan_changed'), code: 0 },
    { args: trigger('/refused', 'customer.plan_changed'), code: 1 },
    { args: trigger('/right', '--scenario', 'dunning'), code: 0 },
    { args: trigger('/refused', '--claims', 'claims.json'), code: 1 },
    { args: ['trigger', 'customer.plan_changed', '--to', 'http://127.0.0.1:9/', '--issuer-port', '0'], code: 1 },
    { args: ['doctor', '--to', 'http://127.0.0.1:9/', '--issuer-port', '0'], code: 1 },
    { args: ['doctor', '--to', `${origin}/refused`, '--issuer-port', '0'], code: 1 },
    { args: ['webhooks', 'list'], code: 0 },
    { args: ['event', 'event_1'], code: 1 },
  ]
}

/** Commands called incorrectly: a message on standard error and nothing else. */
const mistakes: readonly Row[] = [
  ['nonsense'],
  ['trigger'],
  ['verify', '--issuer', 'ftp://nowhere', 'token.txt'],
  ['doctor', '--to', 'nowhere'],
  ['inbox', 'list'],
  ['inbox', 'health', '--json'],
  ['sync', '--json'],
  ['console'],
].map((args) => ({ args, code: 2 }))

describe.each([
  ['60 columns', 60, {}],
  ['200 columns', 200, {}],
  ['60 columns, NO_COLOR', 60, { NO_COLOR: '1' }],
] as const)('on a terminal of %s', (_name, columns, settings) => {
  it('no line is too long, and the exit codes are as documented', async () => {
    const rows = [...helpPages, ...reports(), ...mistakes]
    const results = await run(rows, columns, settings)
    expect(codesOf(results, 'code')).toStrictEqual(codesOf(results, 'expected'))
    for (const { command, out } of results) {
      expect([command, longLines(out, columns)]).toStrictEqual([command, []])
      expect([command, out.trim()]).not.toStrictEqual([command, ''])
      if ('NO_COLOR' in settings) expect([command, COLOR.exec(out)]).toStrictEqual([command, null])
      expect([command, out.match(/undefined|NaN|\[object|\n\s+at /)]).toStrictEqual([command, null])
    }
  })
})

describe('without a terminal', () => {
  it('nothing is colored or redrawn, and mistakes write to standard error alone', async () => {
    const results = await run([...helpPages, ...reports(), ...mistakes])
    expect(codesOf(results, 'code')).toStrictEqual(codesOf(results, 'expected'))
    for (const { command, code, out, err } of results) {
      expect([command, out + err]).toStrictEqual([command, stripVTControlCharacters(out + err)])
      expect([command, `${out}${err}`.includes('\r')]).toStrictEqual([command, false])
      if (code === 2) expect([command, out, err === '']).toStrictEqual([command, '', false])
    }
  })

  it('--json writes documents to standard output and nothing else there', async () => {
    const results = await run(reports().map(({ args, code }) => ({ args: [...args, '--json'], code })))
    expect(codesOf(results, 'code')).toStrictEqual(codesOf(results, 'expected'))
    for (const { command, out } of results) expect([command, isJson(out)]).toStrictEqual([command, true])
  })
})

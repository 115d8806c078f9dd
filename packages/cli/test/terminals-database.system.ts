import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { createBillingReceiver } from '@kinde-billing/core/receiver'
import { createPostgresInbox, ensureSchema, ensureStateSchema } from '@kinde-billing/postgres'
import { isInstalled } from '@kinde-billing/test-support/installed'
import { type PostgresServer, startPostgres } from '@kinde-billing/test-support/postgres-server'
import { billingEventFixture, createTestIssuer } from '@kinde-billing/testing'
import { startTestManagementApi, type TestManagementApi } from '@kinde-billing/testing/management'
import { Pool } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { temporaryFolder } from './temporary-folder.js'
import { COLOR, codesOf, isJson, longLines, type Row, runAll } from './terminal-runs.js'

/** Odd text that a payload may contain: text that runs backwards, wide characters, an emoji with a tag, and a word without end. */
const HOSTILE = ['\u202eevil', '顧客'.repeat(20), '🏴\u{e0067}\u{e0062}\u{e007f}', 'x'.repeat(90), 'a\u200bb'] as const
/** Characters that a terminal hides or acts on. */
const HIDDEN = /[\p{Cf}\u2028\u2029]/u

describe.runIf(isInstalled('postgres'))('commands on a database', { timeout: 240_000 }, () => {
  let home: string
  let server: PostgresServer
  let pool: Pool
  let kinde: TestManagementApi

  beforeAll(async () => {
    home = await temporaryFolder()
    server = await startPostgres()
    pool = new Pool({ connectionString: server.url })
    pool.on('error', () => {})
    await ensureSchema(pool)
    await ensureStateSchema(pool)
    kinde = await startTestManagementApi({
      users: [{ id: 'kp_1', billing: { customer_id: 'customer_1' } }],
      organizations: [{ code: 'org_2', billing: { billing_customer_id: 'customer_2' } }],
    })
    kinde.tenant.agreements = {
      customer_1: HOSTILE.map((text, index) => ({ id: `agreement_${index}`, plan_code: text })),
      customer_2: [{ id: `agreement_${'9'.repeat(60)}`, plan_code: 'pro' }],
    }
  })
  afterAll(async () => {
    await Promise.all([pool.end(), kinde.close()])
    await server.close()
  })
  beforeEach(async () => {
    await pool.query('truncate kinde_billing_deliveries, kinde_billing_states')
    const { issuer, jwks, sign } = await createTestIssuer()
    const receiver = createBillingReceiver({
      issuer,
      jwks,
      name: 'billing',
      inbox: createPostgresInbox({ pool }),
      log: false,
      onEvent({ id }) {
        if (id.endsWith('failing')) throw new Error(`no plan ${HOSTILE.join('\n')}`)
      },
    })
    for (const [index, text] of [...HOSTILE, 'failing'].entries()) {
      const claims = billingEventFixture('customer.agreement_created', {
        event_id: `event_${index}_${text}`,
        data: { customer_id: text, plan_name: text },
      })
      const body = await sign(claims)
      await receiver.receive({ method: 'POST', header: () => undefined, body: () => body, context: undefined })
    }
  })

  const rows: readonly Row[] = [
    { args: ['inbox', 'list'], code: 0 },
    { args: ['inbox', 'list', '--limit', '2'], code: 0 },
    { args: ['inbox', 'list', '--status', 'failed'], code: 0 },
    { args: ['inbox', 'show', 'event_5_failing'], code: 0 },
    { args: ['inbox', 'show', 'event_5_failing', '--claims'], code: 0 },
    { args: ['inbox', 'show', HOSTILE[0]], code: 1 },
    { args: ['inbox', 'health'], code: 1 },
    { args: ['inbox', 'redeliver', 'event_unknown', '--reason', HOSTILE[0]], code: 1 },
    { args: ['inbox', 'redeliver', '--failed', '--reason', 'x'.repeat(90)], code: 0 },
    { args: ['inbox', 'list', '--table', 'no_such_table'], code: 1 },
    { args: ['sync', '--dry-run'], code: 0 },
    { args: ['sync', '--check'], code: 1 },
    { args: ['sync', 'kp_1', '--dry-run'], code: 0 },
    { args: ['sync', '--check', '--table', 'no_such_table'], code: 1 },
    { args: ['sync', '--yes'], code: 0 },
    { args: ['sync', 'org_2', '--check'], code: 0 },
  ]
  const mistakes: readonly Row[] = [
    ['inbox', 'list', '--table', 'bad; name'],
    ['inbox', 'list', '--status', 'lost'],
    ['inbox', 'redeliver', '--reason', 'neither ids nor --failed'],
    ['inbox', 'redeliver', 'event_1'],
    ['console', '--port', '0', '--table', 'bad; name'],
    ['console', '--port', '0', '--states-table', 'bad; name'],
    ['sync', 'ada'],
    ['sync', '--yes', '--check'],
  ].map((args) => ({ args, code: 2 }))
  const settings = () => ({ ...kinde.env, DATABASE_URL: server.url })

  it.each([
    ['60 columns', 60, {}],
    ['200 columns', 200, {}],
    ['60 columns, NO_COLOR', 60, { NO_COLOR: '1' }],
  ] as const)('fit a terminal of %s, and escape what it hides', async (_name, columns, more) => {
    const results = await runAll([...rows, ...mistakes], { home, columns, env: { ...settings(), ...more } })
    expect(codesOf(results, 'code')).toStrictEqual(codesOf(results, 'expected'))
    for (const { command, out } of results) {
      expect([command, longLines(out, columns)]).toStrictEqual([command, []])
      expect([command, out.trim()]).not.toStrictEqual([command, ''])
      expect([command, HIDDEN.exec(out)]).toStrictEqual([command, null])
      if ('NO_COLOR' in more) expect([command, COLOR.exec(out)]).toStrictEqual([command, null])
      expect([command, out.match(/undefined|NaN|\[object|\n\s+at /)]).toStrictEqual([command, null])
    }
    const list = stripVTControlCharacters(results[0]?.out ?? '').replace(/\s/g, '')
    for (const part of ['顧客'.repeat(20), 'x'.repeat(90), 'event_5_failing', '\\udb40\\udc67'])
      expect(list).toContain(part)
  })

  it('write nothing but text without a terminal, and mistakes to standard error alone', async () => {
    const results = await runAll([...rows, ...mistakes], { home, env: settings() })
    expect(codesOf(results, 'code')).toStrictEqual(codesOf(results, 'expected'))
    for (const { command, code, out, err } of results) {
      expect([command, out + err]).toStrictEqual([command, stripVTControlCharacters(out + err)])
      if (code === 2) expect([command, out, err === '']).toStrictEqual([command, '', false])
    }
  })

  it('write one document with --json, also if the database fails', async () => {
    const broken = { ...kinde.env, DATABASE_URL: 'postgres://postgres:secret-word@127.0.0.1:9/none' }
    const withJson = rows.map(({ args, code }) => ({ args: [...args, '--json'], code }))
    const failing = [...rows, { args: ['console'] }].map(({ args }) => ({ args: [...args, '--json'], code: 1 }))
    for (const [list, env] of [
      [withJson, settings()],
      [failing, broken],
    ] as const) {
      const results = await runAll(list, { home, env })
      expect(codesOf(results, 'code')).toStrictEqual(codesOf(results, 'expected'))
      for (const { command, out, err } of results) {
        expect([command, isJson(out)]).toStrictEqual([command, true])
        expect(out + err).not.toContain('secret-word')
      }
    }
  })

  it.each([60, 200])('the console says where it is on %i columns, and ends with Ctrl-C', async (columns) => {
    const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
    const node = `'${process.execPath}' --import '${import.meta.resolve('tsx')}' --conditions=@kinde-billing/source`
    const command = `stty cols ${columns}; exec ${node} '${main}' console --port 0`
    const child = spawn('script', ['-qec', command, '/dev/null'], { env: { ...process.env, ...settings() } })
    let out = ''
    let isStopped = false
    child.stdout.on('data', (chunk) => {
      out += chunk
      if (isStopped || !/stops\s+it\./.test(out)) return
      isStopped = true
      child.stdin.write('\x03')
    })
    const code = await new Promise((resolve, reject) => child.once('close', resolve).once('error', reject))
    expect(out).toMatch(/http:\/\/127\.0\.0\.1:\d+/)
    expect(longLines(out, columns)).toEqual([])
    expect([
      code,
      out
        .replace(/\^C|\r/g, '')
        .trimEnd()
        .endsWith('it.'),
    ]).toEqual([0, true])
  })
})

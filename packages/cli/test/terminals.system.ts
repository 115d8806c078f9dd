import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { billingEventFixture } from '@kinde-billing/testing'
import { startTestManagementApi, type TestManagementApi } from '@kinde-billing/testing/management'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from './temporary-folder.js'

let home: string
let kinde: TestManagementApi
let application: Server
let origin: string
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

/** A command, and the exit code that its help page names. */
interface Row {
  readonly args: readonly string[]
  readonly code: number
}

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

interface Result {
  readonly command: string
  readonly expected: number
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Colors, not the line that a progress bar erases. */
const COLOR = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*m`)
const DRIVER = fileURLToPath(new URL('terminal-driver.ts', import.meta.url))
const NODE_OPTIONS = `--import ${import.meta.resolve('tsx')} --conditions=@kinde-billing/source`

/** Runs commands in one process: without a terminal, or on one of that width, where both outputs come as one. */
async function runAll(
  rows: readonly Row[],
  columns?: number,
  settings: Record<string, string> = {},
): Promise<Result[]> {
  const { FORCE_COLOR, NO_COLOR, CI, GITHUB_ACTIONS, DATABASE_URL, ...inherited } = process.env
  const COMMANDS = JSON.stringify(rows.map(({ args }) => args))
  const env = { ...inherited, ...kinde.env, TERM: 'xterm-256color', XDG_STATE_HOME: home, COMMANDS, NODE_OPTIONS }
  const onTerminal = `stty cols ${columns} rows 40; exec '${process.execPath}' '${DRIVER}'`
  const [command, args] =
    columns === undefined ? [process.execPath, [DRIVER]] : ['script', ['-qec', onTerminal, '/dev/null']]
  const child = spawn(command, args, { cwd: home, env: { ...env, ...settings }, stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  await new Promise((resolve, reject) => child.once('close', resolve).once('error', reject))
  const errs = err.split('\n@@\n')
  const outs = out.replaceAll('\r\n', '\n').split(/\n@@ (\d)\n(?:\n@@\n)?/)
  return rows.map(({ args, code }, index) => ({
    command: args.join(' '),
    expected: code,
    code: Number(outs[2 * index + 1]),
    out: outs[2 * index] ?? '',
    err: errs[index] ?? '',
  }))
}

const codesOf = (results: readonly Result[], kind: 'expected' | 'code'): string[] =>
  results.map((result) => `${result[kind]} ${result.command}`)

/** Lines that a terminal would break in the middle of a word. A word that is longer than the terminal has to be broken. */
function longLines(text: string, columns: number): string[] {
  return text
    .split(/\n|\r/)
    .map((line) => stripVTControlCharacters(line))
    .filter(
      (line) =>
        line.length > columns &&
        line
          .trim()
          .split(/\s+/)
          .every((word) => word.length < columns - 12),
    )
}

describe.each([
  ['60 columns', 60, {}],
  ['200 columns', 200, {}],
  ['60 columns, NO_COLOR', 60, { NO_COLOR: '1' }],
] as const)('on a terminal of %s', (_name, columns, settings) => {
  it('no line is too long, and the exit codes are as documented', async () => {
    const rows = [...helpPages, ...reports(), ...mistakes]
    const results = await runAll(rows, columns, settings)
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
    const results = await runAll([...helpPages, ...reports(), ...mistakes])
    expect(codesOf(results, 'code')).toStrictEqual(codesOf(results, 'expected'))
    for (const { command, code, out, err } of results) {
      expect([command, out + err]).toStrictEqual([command, stripVTControlCharacters(out + err)])
      expect([command, `${out}${err}`.includes('\r')]).toStrictEqual([command, false])
      if (code === 2) expect([command, out, err === '']).toStrictEqual([command, '', false])
    }
  })

  it('--json writes documents to standard output and nothing else there', async () => {
    const results = await runAll(reports().map(({ args, code }) => ({ args: [...args, '--json'], code })))
    expect(codesOf(results, 'code')).toStrictEqual(codesOf(results, 'expected'))
    for (const { command, out } of results) expect([command, isJson(out)]).toStrictEqual([command, true])
  })
})

function isJson(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object'
  } catch {
    return false
  }
}

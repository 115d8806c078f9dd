import { type SpawnOptionsWithStdioTuple, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { BILLING_EVENT_TYPES } from '@kinde-billing/core'
import { createBillingReceiver } from '@kinde-billing/core/receiver'
import { actionSchemaSql, createPostgresInbox, ensureSchema, ensureStateSchema } from '@kinde-billing/postgres'
import { billingEventFixture } from '@kinde-billing/testing'
import { startTestManagementApi, type TestManagementApi } from '@kinde-billing/testing/management'
import { startTestIssuer, type TestIssuerServer } from '@kinde-billing/testing/server'
import { build } from 'esbuild'
import { Pool } from 'pg'
import { type PostgresServer, startPostgres } from '../postgres-server.js'
import { type RedisServer, startRedis } from '../redis-server.js'
import { freePort } from '../server-process.js'
import { ROOT } from '../snippets/find.js'

export const FAILED_EVENT = 'event_018f331a3178f7fef284b95fe6770384'

/** The exit code of a command, and its text on both outputs. */
export interface Ended {
  readonly code: number
  readonly output: string
}

/** A server that commands have started. */
export interface Started {
  /** Its text so far, on both outputs. */
  output(): string
  stop(): Promise<void>
}

/** The machine of a reader: stores, a tenant at Kinde, and the commands of the pages on the path. */
export interface Machine {
  readonly postgres: PostgresServer
  readonly redis: RedisServer
  readonly pool: Pool
  readonly kinde: TestManagementApi
  /** Plays Kinde's part as long as the machine is on. */
  readonly tenant: TestIssuerServer
  /** The port of the command line's issuer, which is there while `trigger` runs. */
  readonly issuerPort: number
  /** Empties the tables of the packages, and lets {@link FAILED_EVENT} fail. */
  reset(): Promise<void>
  /** An empty folder that is gone with the machine. */
  createFolder(): Promise<string>
  /** Types a command. `answers` are typed into it: then it has a terminal. */
  type(command: string, options: { cwd: string; env: Record<string, string>; answers?: string }): Promise<Ended>
  /** Types commands of which the last one starts a server, and waits until its port takes connections. */
  start(script: string, port: number, options: { cwd: string; env: Record<string, string> }): Promise<Started>
  turnOff(): Promise<void>
}

/** Turns on a machine on which one event has failed. */
export async function turnOn(): Promise<Machine> {
  const home = await mkdtemp(join(tmpdir(), 'commands-'))
  const [postgres, redis, tenant, issuerPort] = await Promise.all([
    startPostgres(),
    startRedis(),
    startTestIssuer(),
    freePort(),
  ])
  const pool = new Pool({ connectionString: postgres.url })
  pool.on('error', () => {})
  await ensureSchema(pool)
  await ensureStateSchema(pool)
  await pool.query(TABLES + actionSchemaSql())
  const kinde = await startTenant()
  await writeFile(join(home, '.curlrc'), 'silent\nshow-error\n')
  const bin = await installCommands(home, { issuerPort, redisPort: redis.port })
  const environment = { ...cleanEnvironment(), PATH: `${bin}:${process.env.PATH}`, HOME: home }
  return {
    postgres,
    redis,
    pool,
    kinde,
    tenant,
    issuerPort,
    async reset() {
      await pool.query('truncate kinde_billing_deliveries, kinde_billing_states')
      await failOnce(pool, tenant)
    },
    createFolder: () => mkdtemp(join(home, 'page-')),
    type: (command, { cwd, env, answers }) => type(command, { cwd, env: { ...environment, ...env } }, answers),
    start: (script, port, { cwd, env }) => start(script, port, { cwd, env: { ...environment, ...env } }),
    async turnOff() {
      await pool.end()
      await Promise.all([postgres.close(), redis.close(), tenant.close(), kinde.close()])
      await rm(home, { recursive: true })
    },
  }
}

/** The tables of the applications that the pages are about. */
const TABLES = `
  create table customers (id text, kinde_id text, plan text, plan_at timestamptz default '-infinity');
  create table projects (id text, org_code text);
  create table exports (id text, org_code text);
  -- what Supabase has
  create role authenticated;
  create schema auth;
  create function auth.jwt() returns jsonb language sql as $$ select '{"org_code":"org_acme"}'::jsonb $$;
`

/** The environment of the tests without what would change a command. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS, NODE_ENV, VITEST, CI, KINDE_ISSUER_URL, DATABASE_URL, XDG_STATE_HOME, ...rest } = process.env
  return rest
}

/** Lets the event that the pages name fail in the Postgres inbox. */
async function failOnce(pool: Pool, { issuer, jwks, sign }: TestIssuerServer): Promise<void> {
  const inbox = createPostgresInbox({ pool })
  const onEvent = (): void => {
    throw new Error('no such plan')
  }
  const receiver = createBillingReceiver({ issuer, jwks, name: 'billing', inbox, log: false, onEvent })
  const token = await sign(billingEventFixture('customer.plan_changed', { event_id: FAILED_EVENT }))
  await receiver.receive({ method: 'POST', header: () => undefined, body: () => token, context: undefined })
}

/** An environment at Kinde with the customers, the event and the old webhook that the pages name. */
function startTenant(): Promise<TestManagementApi> {
  return startTestManagementApi({
    webhooks: [
      {
        id: 'webhook_old',
        name: 'Billing',
        endpoint: 'https://old.example/webhooks/kinde',
        event_types: [...BILLING_EVENT_TYPES],
        created_on: '2026-01-01T00:00:00Z',
      },
    ],
    organizations: [{ code: 'org_4f9d2c', billing: { billing_customer_id: 'customer_1' } }],
    agreements: { customer_1: [{ id: 'agreement_1', plan_code: 'pro' }] },
    events: [billingEventFixture('customer.plan_changed', { event_id: FAILED_EVENT })],
  })
}

/** Puts the commands of the pages on the path: `npx` runs the sources, without the network. */
async function installCommands(
  home: string,
  { issuerPort, redisPort }: { issuerPort: number; redisPort: number },
): Promise<string> {
  const cli = join(home, 'cli')
  await build({
    entryPoints: [join(ROOT, 'packages/cli/src/main.ts')],
    outdir: join(cli, 'dist'),
    outExtension: { '.js': '.mjs' },
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['@kinde-billing/source'],
    external: ['pg-native'],
    logLevel: 'error',
  })
  await writeFile(join(cli, 'package.json'), '{"version":"0.1.0","type":"module"}')
  const scripts = {
    npx: `case "$1" in
      kinde-billing | @kinde-billing/cli)
        command=$2
        shift
        [ "$command" = trigger ] && set -- "$@" --issuer-port ${issuerPort}
        exec node '${join(cli, 'dist/main.mjs')}' "$@" ;;
      tsx) shift; exec node "$@" ;;
      *) echo "npx $1: not on this machine" >&2; exit 127 ;;
    esac`,
    'redis-cli': `exec /usr/bin/redis-cli -p ${redisPort} "$@"`,
    // macOS has it
    pbpaste: 'cat token.txt',
  }
  const bin = join(home, 'bin')
  await mkdir(bin)
  for (const [name, script] of Object.entries(scripts)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`)
    await chmod(join(bin, name), 0o755)
  }
  return bin
}

async function type(
  command: string,
  options: { cwd: string; env: NodeJS.ProcessEnv },
  answers?: string,
): Promise<Ended> {
  // a program on a terminal asks, and `script` is a terminal
  const settings: SpawnOptionsWithStdioTuple<'pipe', 'pipe', 'pipe'> = {
    ...options,
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: 120_000,
  }
  const child =
    answers === undefined
      ? spawn('bash', ['-c', command], settings)
      : spawn('script', ['-qec', command, '/dev/null'], settings)
  let output = ''
  let asked = 0
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk) => {
      output += chunk
      const questions = output.split('[y/N]').length - 1
      for (; asked < questions; asked++) child.stdin?.write(answers ?? '')
    })
  if (answers === undefined) child.stdin?.end()
  const [code] = await once(child, 'close')
  return { code, output: output.replaceAll('\r\n', '\n') }
}

async function start(script: string, port: number, options: { cwd: string; env: NodeJS.ProcessEnv }): Promise<Started> {
  const child = spawn('bash', ['-c', script], { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = once(child, 'exit')
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk
    })
  const kill = (): void => void (child.exitCode === null && process.kill(-(child.pid ?? 0), 'SIGKILL'))
  process.on('exit', kill)
  while (!(await takesConnections(port))) {
    if (child.exitCode !== null) throw new Error(`The server ended:\n${output}`)
    await wait(50)
  }
  return {
    output: () => output,
    async stop() {
      process.off('exit', kill)
      kill()
      await exited
    },
  }
}

async function takesConnections(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const isOpen = await once(socket, 'connect').then(
    () => true,
    () => false,
  )
  socket.destroy()
  return isOpen
}

/** The port of a listening server. */
export const portOf = (server: { address(): AddressInfo | string | null }): number =>
  (server.address() as AddressInfo).port

import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Application, startApplication } from '@kinde-billing/test-support/commands/applications'
import { FAILED_EVENT, type Machine, turnOn } from '@kinde-billing/test-support/commands/machine'
import { isInstalled } from '@kinde-billing/test-support/installed'
import { freePort } from '@kinde-billing/test-support/server-process'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { BILLING_EVENT_TYPES } from '../packages/core/src/index.js'
import { billingEventFixture, deliver } from '../packages/testing/src/index.js'
import { ELSEWHERE, findElsewhere } from './commands/elsewhere.js'
import { type Command, findCommands, findFences, ROOT } from './commands/find-fences.js'
import { PAGES } from './commands/pages.js'
import { findSends, findStarts, QUICK_START, toShape } from './commands/quick-start.js'

/** A setting of the shell, for the commands after it. */
const SETTING = /^(?:export )?([A-Z_]+)=\S+$/
const INSTALLS = /^(?:npm install|bun install|bun add|deno add)\b/

const commands = findCommands()
const isSetting = ({ text }: Command): boolean => SETTING.test(text)
const toRun = commands.filter(
  (command) => !INSTALLS.test(command.text) && !isSetting(command) && findElsewhere(command) === undefined,
)

describe('every command of every page', () => {
  it('is run here, or by a test that is named, or cannot be run for a reason', () => {
    const started = new Set([
      ...findSends().map(({ command }) => command),
      ...findStarts().flatMap((start) => start.commands),
    ])
    const forgotten = toRun.filter(({ page, text }) => (page === QUICK_START ? !started.has(text) : !(page in PAGES)))
    expect(forgotten.map(({ page, line, text }) => `${page}:${line} ${text}`)).toEqual([])
  })

  it.each(ELSEWHERE.map((entry) => [String(entry.command), entry] as const))('is run where it says: %s', (_, entry) => {
    const found = commands.filter((command) => findElsewhere(command) === entry)
    expect(found.length).toBeGreaterThan(0)
    if (entry.ranBy === undefined) return expect(entry.cannot).toMatch(/\.$/)
    for (const command of found) {
      const [file, shows] = typeof entry.ranBy === 'function' ? entry.ranBy(command) : entry.ranBy
      const path = join(ROOT, file)
      expect(existsSync(path), path).toBe(true)
      expect(readFileSync(path, 'utf8').includes(shows), `${path}: ${shows}`).toBe(true)
    }
  })
})

describe.runIf(isInstalled('postgres') && isInstalled('redis-server'))(
  'typed as it stands',
  { timeout: 300_000 },
  () => {
    let machine: Machine
    let application: (Application & { trusts: string }) | undefined
    beforeAll(async () => {
      machine = await turnOn()
      // what the applications log, also when the machine is turned off
      for (const method of ['log', 'warn', 'error'] as const) vi.spyOn(console, method).mockImplementation(() => {})
    }, 300_000)
    afterEach(async () => {
      await application?.close()
      application = undefined
      vi.unstubAllEnvs()
    })
    afterAll(() => machine.turnOff())

    /** Starts the application of a page. It trusts the tenant at Kinde, or the command line's issuer. */
    async function start(page: string, trusts: string, change?: (text: string) => string): Promise<void> {
      await application?.close()
      const settings = { DATABASE_URL: machine.postgres.url, REDIS_URL: machine.redis.url, KINDE_ISSUER_URL: trusts }
      for (const [name, value] of Object.entries(settings)) vi.stubEnv(name, value)
      application = { ...(await startApplication(page, change)), trusts }
      const endpoint = `http://127.0.0.1:${application.port}/webhooks/kinde`
      const [old] = machine.kinde.tenant.webhooks.filter(({ id }) => id === 'webhook_old')
      machine.kinde.tenant.webhooks = [
        ...(old === undefined ? [] : [old]),
        {
          id: 'webhook_1',
          name: 'Billing',
          endpoint,
          event_types: [...BILLING_EVENT_TYPES],
          created_on: '2026-01-01T00:00:00Z',
        },
      ]
    }

    /** Replaces the addresses that a reader replaces, and the ports that may be taken. */
    function here(text: string): string {
      const local = `http://127.0.0.1:${application?.port}`
      return text
        .replace(/(check --endpoint )https:\/\/.*(?=\/webhooks)/, `$1${local}`)
        .replaceAll(/https:\/\/<the tunnel's address>|http:\/\/(?:localhost:3000|127\.0\.0\.1:8787)/g, local)
        .replaceAll('http://127.0.0.1:4417', `http://127.0.0.1:${machine.issuerPort}`)
        .replaceAll('https://acme.kinde.com', machine.tenant.issuer)
    }

    /** The environment of a reader who has done what the page says. */
    function environmentOf(page: string): Record<string, string> {
      const own = commands.filter((command) => command.page === page)
      const needsDatabase = own.some(({ text }) => /DATABASE_URL|inbox |sync/.test(text))
      const known: Record<string, string> = {
        ...machine.kinde.env,
        KINDE_ISSUER_URL: machine.tenant.issuer,
        ...(needsDatabase && { DATABASE_URL: machine.postgres.url }),
      }
      for (const { text } of own.filter(isSetting)) expect(Object.keys(known)).toContain(SETTING.exec(text)?.[1])
      return known
    }

    /** A folder with the files that the commands read. */
    async function createFolder(page: string): Promise<string> {
      const folder = await machine.createFolder()
      await mkdir(join(folder, 'src'))
      await writeFile(join(folder, 'package.json'), '{"private":true}')
      await writeFile(
        join(folder, 'token.txt'),
        await machine.tenant.sign(billingEventFixture('customer.plan_changed')),
      )
      const [json] = findFences().filter((fence) => fence.page === page && fence.language === 'json')
      if (json !== undefined) await writeFile(join(folder, 'user.json'), json.text)
      return folder
    }

    it.each(Object.entries(PAGES))(
      'does what the page says: %s',
      async (page, { answers, exits, prints, leaves, ...run }) => {
        const from = run.application ?? page
        await machine.reset()
        const env = environmentOf(page)
        const cwd = await createFolder(page)
        const own = toRun.filter((command) => command.page === page)
        const change = findFences().find((fence) => fence.page === page && fence.language === 'diff')
        const ofTrigger = `http://127.0.0.1:${machine.issuerPort}`
        for (const [index, command] of own.entries()) {
          const next = own.slice(index).find(({ text }) => /kinde-billing (?:trigger|check)/.test(text))
          const trusts = next?.text.includes(' trigger') || change ? ofTrigger : machine.tenant.issuer
          if (application?.trusts !== trusts) await start(from, trusts)
          if (change && command.line > change.line) await start(from, trusts, (text) => applyDiff(text, change.text))
          if (page === 'docs/inbox-redis.md') await deliverOne()
          const { code, output } = await machine.type(here(command.text), { cwd, env, ...(answers && { answers }) })
          const typed = `${command.text} # ${command.comment}`
          const [, exit = 0] = Object.entries(exits ?? {}).find(([part]) => typed.includes(part)) ?? []
          expect({ typed, code, output }).toMatchObject({ code: exit })
          const [, printed = ''] = Object.entries(prints ?? {}).find(([part]) => typed.includes(part)) ?? []
          expect({ typed, output }).toEqual({ typed, output: expect.stringContaining(printed) })
        }
        if (leaves) expect((await machine.pool.query(leaves.query)).rowCount).toBe(leaves.rows)
      },
    )

    it.each(findStarts())('starts and receives as the quick start says: $tab', async ({ tab, ...start }) => {
      const port = await freePort()
      // beside the example, so that its dependencies are found
      const cwd = join(ROOT, 'examples', start.example, `.quick-start-${process.pid}`)
      await mkdir(cwd)
      await writeFile(join(cwd, start.file), start.code.replace('3000', `${port}`))
      const script = start.commands
        .map(here)
        .join('\n')
        .replace('serve(app)', `serve({ fetch: app.fetch, port: ${port} })`)
      const env = { NODE_OPTIONS: '--conditions=@kinde-billing/source --import tsx' }
      const server = await machine.start(script, port, { cwd, env })
      try {
        for (const { command, shown } of tab === 'Express' ? findSends() : findSends().slice(0, 1)) {
          const sent = await machine.type(here(command.replace(':3000', `:${port}`)), { cwd, env: {} })
          expect({ command, ...sent }).toMatchObject({ code: 0 })
          for (const line of shown) expect(toShape(sent.output)).toContain(toShape(line))
        }
        expect(server.output()).toContain('customer_0195d3a1c7e2f4b8a6d09e5c3b7f1a42 is now on pro')
      } finally {
        await server.stop()
        await rm(cwd, { recursive: true })
      }
    })

    it.each(findFences().filter(({ language }) => language === 'sql'))(
      'runs the SQL of $page:$line',
      async ({ text }) => {
        const client = await machine.pool.connect()
        await client.query('begin')
        await expect(client.query(text)).resolves.toBeDefined()
        await client.query('rollback')
        client.release()
      },
    )

    async function deliverOne(): Promise<void> {
      const token = await machine.tenant.sign(
        billingEventFixture('customer.payment_failed', { event_id: FAILED_EVENT }),
      )
      await deliver(`http://127.0.0.1:${application?.port}/`, token)
    }
  },
)

function applyDiff(text: string, diff: string): string {
  const [, before = ''] = /^-(.*)$/m.exec(diff) ?? []
  const [, after = ''] = /^\+(.*)$/m.exec(diff) ?? []
  return text.replace(before, after)
}

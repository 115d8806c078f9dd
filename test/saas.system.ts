import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isInstalled } from '@kinde-billing/test-support/installed'
import { startPostgres } from '@kinde-billing/test-support/postgres-server'
import { freePort, startServer as startProcess } from '@kinde-billing/test-support/server-process'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { chromiumBinary, openBrowser, played, playScenario } from '../examples/saas/test/browser.js'
import { type RunningServer, startServer } from '../examples/saas/test/server.js'
import { billingEventFixture, deliver } from '../packages/testing/src/index.js'
import { startTestIssuer } from '../packages/testing/src/server.js'
import { contrastsBelow } from './saas/contrast.js'

const ROOT = join(import.meta.dirname, '..')
const PHONE = { width: 360, height: 740 }
const WIDE = { width: 1440, height: 900 }

describe.runIf(hasChromium())('examples/saas in Chromium', () => {
  let browser: Browser
  let folder: string
  let settings: Record<string, string>
  let server: RunningServer
  let complaints: string[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'saas-'))
    settings = { DATA_FOLDER: join(folder, 'data/postgres'), PORT: String(await freePort()) }
    ;[browser, server] = await Promise.all([openBrowser(), startServer(settings)])
  })
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()))
    expect(complaints).toEqual([])
  })
  afterAll(async () => {
    await browser.close()
    await server.stop('SIGTERM')
    await rm(folder, { recursive: true })
  })

  async function open(options: BrowserContextOptions = {}, url = server.url): Promise<Page> {
    const context = await browser.newContext({ viewport: WIDE, ...options })
    const page = await context.newPage()
    page.on('pageerror', (error) => complaints.push(error.message))
    complaints = []
    await page.goto(url)
    await page.getByText('Live', { exact: true }).waitFor()
    return page
  }

  /** A window with a new customer. */
  async function openSignedUp(options?: BrowserContextOptions): Promise<Page> {
    const page = await open(options)
    const before = page.url()
    await playScenario(page, 'Sign up')
    await page.waitForURL((url) => url.href !== before)
    await page.locator('.card', { hasText: decodeURIComponent(new URL(page.url()).hash.slice(1)) }).waitFor()
    await expect.poll(() => page.locator('.timeline > li').count()).toBe(3)
    return page
  }

  const title = (page: Page) => page.locator('.title')
  const shows = (page: Page, ...texts: string[]) =>
    Promise.all(texts.map((text) => page.locator('#content').getByText(text, { exact: true }).first().waitFor()))

  describe('each scenario ends in its state, without a reload', () => {
    it('sign up', async () => {
      const page = await openSignedUp()
      await shows(page, 'Starter', 'Agreement made', 'Access granted, on Starter', 'Mail sent: “Welcome to Starter”')
    })

    it.each(['Upgrade, cancel first', 'Upgrade, create first'])('%s', async (name) => {
      const page = await openSignedUp()
      const seen = await page.evaluateHandle(() => {
        const texts = new Set<string | null | undefined>()
        const look = () => texts.add(document.querySelector('.title .badge')?.textContent)
        new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true })
        return texts
      })
      await playScenario(page, name)
      await shows(page, 'Pro', 'Plan changed from Starter to Pro', 'Mail sent: “You are now on Pro”')
      await page.locator('.agreements .ended', { hasText: 'Starter' }).waitFor()
      await page.locator('.agreements .running', { hasText: 'Pro' }).waitFor()
      expect(await seen.evaluate((texts) => [...texts])).toEqual(['Active'])
    })

    it('card declined, and recovered', async () => {
      const page = await openSignedUp()
      await playScenario(page, 'Card declined')
      await shows(
        page,
        'Past due',
        'Payment failed',
        'A payment is due',
        'Mail sent: “Your payment did not go through”',
      )
      await playScenario(page, 'Recovered')
      await shows(page, 'Active', 'Nothing is due any more', 'Mail sent: “Thank you, your payment has arrived”')
    })

    it('cancel: at once nothing is lost, and then access ends', async () => {
      const page = await openSignedUp()
      await playScenario(page, 'Cancel')
      await shows(page, 'Active')
      await shows(page, 'Cancelled', 'Access ended: cancelled', 'Mail sent: “Your plan has ended”')
      await expect.poll(() => title(page).textContent()).toContain('Cancelled')
    })

    it('report usage: a line, its summary, and a table', async () => {
      const page = await openSignedUp()
      for (let reports = 1; reports <= 3; reports++) {
        await playScenario(page, 'Report usage')
        await expect.poll(() => page.locator('.usage circle').count()).toBe(reports)
      }
      await page.getByText(/^3 reports: from .* calls, .*, to .* of 1,000 included, /).waitFor()
      await page.getByText('Show as a table').click()
      expect(await page.locator('.usage tbody tr').count()).toBe(3)
    })

    it('late: marked, and without effect', async () => {
      const page = await openSignedUp()
      await playScenario(page, 'Late')
      const late = page.locator('.timeline .late', { hasText: 'Payment failed' })
      await late.getByText('Older than what was known: changed nothing').waitFor()
      await shows(page, 'Active')
    })

    it('duplicate: acknowledged, and not handled again', async () => {
      const page = await openSignedUp()
      const events = await page.locator('.timeline > li').count()
      await playScenario(page, 'Duplicate')
      await page
        .locator('#deliveries li')
        .first()
        .getByText(/^Handled before: acknowledged.* duplicate$/)
        .waitFor()
      expect(await page.locator('.timeline > li').count()).toBe(events)
    })

    it('forged: refused, and the page says why', async () => {
      const page = await openSignedUp()
      const events = await page.locator('.timeline > li').count()
      await playScenario(page, 'Forged')
      expect(await page.locator('#played .refused b').allTextContents()).toEqual(Array(3).fill('401 unauthorized'))
      const refused = page.locator('#deliveries .refused')
      await refused.nth(2).waitFor()
      expect(await refused.locator('code').allTextContents()).toEqual(
        expect.arrayContaining(['not_a_webhook', 'malformed_token', 'invalid_signature']),
      )
      await refused
        .getByText(/The signature was not made with Kinde’s key/)
        .first()
        .waitFor()
      expect(await page.locator('.timeline > li').count()).toBe(events)
      await shows(page, 'Active')
    })
  })

  it('shows several customers at once, and two windows agree on each of them', async () => {
    const [one, other] = await Promise.all([open(), open({ viewport: PHONE })])
    await playScenario(one, 'Sign up')
    await other.goto(one.url())
    await playScenario(one, 'Upgrade, cancel first')
    await playScenario(one, 'Card declined')
    await playScenario(other, 'Report usage')
    await expect.poll(() => content(other)).toEqual(await settled(one))
    expect(await one.locator('#customers li').count()).toBeGreaterThan(3)
  })

  it('loses nothing in a restart, and its windows come back by themselves', async () => {
    const page = await openSignedUp()
    await playScenario(page, 'Upgrade, create first')
    await playScenario(page, 'Report usage')
    await playScenario(page, 'Forged')
    await shows(page, 'Mail sent: “You are now on Pro”')
    const before = await settled(page)

    await server.stop('SIGKILL')
    await page.getByText('Reconnecting', { exact: true }).waitFor()
    server = await startServer(settings)
    await page.getByText('Live', { exact: true }).waitFor()
    expect(await content(page)).toEqual(before)
    await page.reload()
    await expect.poll(() => content(page)).toEqual(before)

    await playScenario(page, 'Duplicate')
    expect(await page.locator('#played b').allTextContents()).toEqual(['200 duplicate'])
  })

  it.runIf(isInstalled('postgres'))(
    'on a Postgres server, windows of two processes agree, also after its restart',
    async () => {
      const postgres = await startPostgres()
      const start = async () => startServer({ DATABASE_URL: postgres.url, PORT: String(await freePort()) })
      const servers = [await start(), await start()] as const
      try {
        const [one, other] = await Promise.all(servers.map(({ url }) => open({}, url)))
        if (!one || !other) throw new Error('Two servers have two windows')
        await playScenario(one, 'Sign up')
        await other.goto(`${servers[1].url}/${new URL(one.url()).hash}`)
        await playScenario(one, 'Upgrade, create first')
        await playScenario(other, 'Card declined')
        await shows(one, 'Past due', 'Mail sent: “Your payment did not go through”')

        await postgres.restart()
        await expect.poll(() => content(other), { timeout: 30_000 }).toEqual(await settled(one))
        await playScenario(other, 'Recovered')
        await shows(one, 'Active', 'Nothing is due any more')
      } finally {
        await Promise.all(browser.contexts().map((context) => context.close()))
        await Promise.all(servers.map(({ stop }) => stop('SIGTERM')))
        await postgres.close()
      }
    },
  )

  describe('with a Kinde domain', () => {
    it('has no buttons, receives what that domain signs, and takes nothing in it for markup', async () => {
      const issuer = await startTestIssuer()
      const receiving = await startServer({
        KINDE_ISSUER_URL: issuer.issuer,
        DATA_FOLDER: join(folder, 'receiving/postgres'),
        PORT: String(await freePort()),
      })
      try {
        const page = await open({}, receiving.url)
        await page.getByText('There is no customer yet').waitFor()
        await page.getByText(`Webhooks of ${issuer.issuer}, at ${receiving.url}/webhooks/kinde`).waitFor()
        expect(await page.getByRole('button').count()).toBe(0)

        const markup = '<img src=x onerror="document.title=1">'
        const data = { customer: { id: markup, email: markup }, plan: { name: markup }, agreement: { id: markup } }
        for (const type of ['customer.agreement_created', 'customer.meter_usage_updated'] as const) {
          const token = await issuer.sign(billingEventFixture(type, { data }, { dialect: 'nested' }))
          expect((await deliver(`${receiving.url}/webhooks/kinde`, token)).status).toBe(200)
        }
        await page.getByRole('heading', { level: 2, name: markup }).waitFor()
        await page.locator('.usage circle').waitFor()
        expect(await page.locator('main img').count()).toBe(0)
        expect(await page.title()).toBe(`${markup}, Billing desk`)
      } finally {
        await receiving.stop('SIGTERM')
        await issuer.close()
      }
    })
  })

  describe.each([
    ['phone', PHONE],
    ['wide screen', WIDE],
  ])('on a %s', (_name, viewport) => {
    it('fits, with targets large enough to hit', async () => {
      const page = await openSignedUp({ viewport })
      await playScenario(page, 'Forged')
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(viewport.width)
      const targets = await page.locator('button:visible, a:visible, summary:visible').all()
      expect(targets.length).toBeGreaterThan(10)
      for (const target of targets) {
        const box = await target.boundingBox()
        if (box === null || box.y < 0) continue
        expect([box.x >= 0, box.x + box.width <= viewport.width, box.height >= 24]).toEqual([true, true, true])
      }
    })

    it.each(['light', 'dark'] as const)('has enough contrast in the %s scheme', async (colorScheme) => {
      const page = await openSignedUp({ viewport, colorScheme, reducedMotion: 'reduce' })
      for (const name of ['Card declined', 'Report usage', 'Duplicate', 'Forged']) await playScenario(page, name)
      await page.locator('#deliveries .refused').first().waitFor()
      await page.getByText('Show as a table').click()
      expect(await contrastsBelow(page, 4.5)).toEqual([])
      // all there is, so that nothing was overlooked
      expect((await contrastsBelow(page, 22)).length).toBeGreaterThan(80)
      expect(await page.evaluate(() => document.getAnimations().length)).toBe(0)
    })
  })

  it('can be used with the keyboard alone', async () => {
    const page = await open()
    await page.keyboard.press('Tab')
    expect(await focused(page)).toBe('Skip to the customer')
    await page.keyboard.press('Enter')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('content')
    await page.keyboard.press('Shift+Tab')
    await tabTo(page, 'Sign up', 'Shift+Tab')
    await page.keyboard.press('Enter')
    await played(page, 'Sign up')
    await shows(page, 'Active')
    expect(await focused(page)).toBe('Sign up')

    await tabTo(page, 'Card declined')
    expect(await page.evaluate(() => getComputedStyle(document.activeElement ?? document.body).outlineStyle)).toBe(
      'solid',
    )
    await page.keyboard.press('Space')
    await played(page, 'Card declined')
    await shows(page, 'Past due')
    expect(await focused(page)).toBe('Card declined')
    // it makes no sense twice, and is not taken away from under the finger
    await page.keyboard.press('Space')
    await tabTo(page, 'Report usage', 'Shift+Tab')
    await page.keyboard.press('Space')
    await played(page, 'Report usage')

    const [, second] = await page.locator('#customers .name').allTextContents()
    await tabTo(page, new RegExp(`^${second}`), 'Shift+Tab')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 2, name: second ?? '' }).waitFor()
    expect(await focused(page)).toMatch(new RegExp(`^${second}`))
  })

  it('tells a screen reader what is where, and what has changed', async () => {
    const page = await openSignedUp()
    for (const role of ['banner', 'navigation', 'main', 'article'] as const)
      expect(await page.getByRole(role).count()).toBe(1)
    expect(await page.locator('html').getAttribute('lang')).toBe('en')
    const levels = await page
      .getByRole('heading')
      .evaluateAll((all) => all.map(({ tagName }) => Number(tagName.slice(1))))
    expect(levels.filter((level) => level === 1)).toHaveLength(1)
    expect(levels.every((level, index) => level <= (levels[index - 1] ?? 0) + 1)).toBe(true)
    for (const role of ['region', 'navigation', 'article', 'button', 'link', 'img', 'table'] as const)
      expect([role, await page.getByRole(role).count()]).toEqual([
        role,
        await page.getByRole(role, { name: /\S/ }).count(),
      ])
    const ids = await page.locator('[id]').evaluateAll((all) => all.map(({ id }) => id))
    expect(ids).toEqual([...new Set(ids)])
    const cancelFirst = page.getByRole('button', { name: 'Upgrade, cancel first', exact: true })
    expect(await cancelFirst.getAttribute('aria-describedby')).toBe('upgrade-cancel-first-description')

    const name = await title(page).getByRole('heading').textContent()
    await playScenario(page, 'Card declined')
    await page
      .locator('[role=status][aria-live=polite]', { hasText: `${name}: Past due, Starter.` })
      .waitFor({ state: 'attached' })
    expect(await page.locator('#customers [aria-current=true] .name').textContent()).toBe(name)
  })

  it('is started by the script at the root, and kept from data that another process has open', async () => {
    const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
    const [tsx, ...args] = scripts.saas.split(' ')
    const start = (environment: Record<string, string>, ready: RegExp) =>
      startProcess(join(ROOT, 'node_modules/.bin', tsx), args, ready, {
        cwd: ROOT,
        env: { ...process.env, ...environment },
      })

    const DATA_FOLDER = join(folder, 'script/postgres')
    const started = await start({ DATA_FOLDER, PORT: String(await freePort()) }, /^Open http:\/\/\S+:\d+$/m)
    await started.stop('SIGTERM')
    await expect(start(settings, /^Open /m)).rejects.toThrow(/data\/postgres is in use by process \d+/)
  })

  /** What a window says of its customer and of the webhook. */
  async function content(page: Page): Promise<string[]> {
    return page.locator('#content, #deliveries').allTextContents()
  }

  /** The same, once every mail is out. */
  async function settled(page: Page): Promise<string[]> {
    for (;;) {
      const before = await content(page)
      await page.waitForTimeout(1500)
      const after = await content(page)
      if (JSON.stringify(before) === JSON.stringify(after)) return after
    }
  }

  async function tabTo(page: Page, name: string | RegExp, key = 'Tab'): Promise<void> {
    for (let presses = 0; presses < 60; presses++) {
      await page.keyboard.press(key)
      const text = await focused(page)
      if (typeof name === 'string' ? text === name : name.test(text)) return
    }
    throw new Error(`${key} does not reach ${name}`)
  }

  function focused(page: Page): Promise<string> {
    return page.evaluate(() => {
      const element = document.activeElement
      const label = element?.getAttribute('aria-labelledby')
      return ((label && document.getElementById(label)?.textContent) || element?.textContent) ?? ''
    })
  }
})

/** Without Chromium these tests are skipped with one line; with `CI` set that is an error. */
function hasChromium(): boolean {
  if (chromiumBinary !== undefined) return true
  const message = 'chromium is not installed: the tests of examples/saas are skipped.'
  if (process.env.CI) throw new Error(message)
  console.warn(message)
  return false
}

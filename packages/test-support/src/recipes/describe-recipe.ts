import { delimiter } from 'node:path'
import { BILLING_EVENT_TYPES } from '@kinde-billing/core'
import { billingEventFixture, createTestIssuer, deliver } from '@kinde-billing/testing'
import { type AdapterUnderTest, describeAdapter } from '@kinde-billing/testing/conformance'
import { startTestIssuer, type TestIssuerServer } from '@kinde-billing/testing/server'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import {
  type CopiedExample,
  copyExample,
  findNode,
  installTools,
  openToTests,
  type RunningExample,
  runCommand,
  startExample,
  withoutSettings,
} from './example.js'
import { type RemoteEndpoints, startRemoteEndpoints } from './remote-endpoints.js'

/** A platform's example, as it is tested. */
export interface Recipe {
  /** The folder in `examples`. */
  readonly example: string
  /** Default: `/webhooks/kinde`. */
  readonly path?: string
  /** In the output of a started example that is ready. Default: it is ready when its port takes connections. */
  readonly ready?: RegExp
  /** The major version of Node that runs it. Default: the version that runs the tests. */
  readonly node?: string
  /** Tools that users of the platform have on their machine, from npm. */
  readonly tools?: Record<string, string>
  /** Default: `npm run --if-present typecheck`. */
  readonly typecheck?: string
  /** True if the platform itself answers methods other than POST. */
  readonly routesMethods?: boolean
  /** True if the platform reads the whole body before it calls the application. */
  readonly buffersBodies?: boolean
  /** The decisions of the platform before the application gets a request. */
  readonly platformAnswers?: AdapterUnderTest['platformAnswers']
}

/**
 * Copies an example, starts it by the commands of its README and delivers to it. Then puts it through the conformance
 * suite: the same application, built once more with a receiver that takes the suite's options.
 */
export function describeRecipe({ path = '/webhooks/kinde', ...recipe }: Recipe): void {
  // a request that the platform never answers
  vi.setConfig({ testTimeout: 60_000 })
  let example: CopiedExample
  let issuer: TestIssuerServer
  let endpoints: RemoteEndpoints
  let env: NodeJS.ProcessEnv

  beforeAll(async () => {
    // the suite's requests are logged by the hundreds
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const folder = inject('folder')
    const bins = [
      ...(recipe.node ? [await findNode(recipe.node)] : []),
      ...(recipe.tools ? [await installTools(folder, recipe.tools)] : []),
    ]
    issuer = await startTestIssuer()
    endpoints = await startRemoteEndpoints()
    const { NODE_ENV: _, VITEST: __, ...inherited } = process.env
    env = {
      ...inherited,
      PATH: [...bins, inherited.PATH].join(delimiter),
      KINDE_ISSUER_URL: issuer.issuer,
      CONFORMANCE_PORT: String(endpoints.port),
    }
    example = await copyExample(recipe.example, folder, inject('tarballs'))
    for (const command of example.commands.slice(0, -1)) await runCommand(command, example.folder, env)
  })
  afterAll(async () => {
    endpoints.close()
    await issuer.close()
  })

  const start = (): Promise<RunningExample> => {
    const command = example.commands.at(-1) ?? ''
    return startExample(withoutSettings(command, env), recipe.ready, example.folder, env)
  }

  describe(`examples/${recipe.example}, copied out of the repository`, () => {
    let running: RunningExample
    beforeAll(async () => {
      running = await start()
    })
    afterAll(() => running.stop())

    it.each(BILLING_EVENT_TYPES)('handles %s once', async (type) => {
      const token = await issuer.sign(billingEventFixture(type))
      expect(await deliver(`${running.url}${path}`, token)).toMatchObject({
        status: 200,
        body: { status: 'processed' },
      })
      expect(await deliver(`${running.url}${path}`, token)).toMatchObject({
        status: 200,
        body: { status: 'duplicate' },
      })
    })

    it('compiles', async () => {
      await runCommand(recipe.typecheck ?? 'npm run --if-present typecheck', example.folder, env)
    }, 600_000)

    it('refuses a forgery', async () => {
      const forger = await createTestIssuer()
      const token = await forger.sign(billingEventFixture('customer.plan_changed'), { header: { kid: issuer.kid } })
      expect(await deliver(`${running.url}${path}`, token)).toMatchObject({
        status: 401,
        body: { error: 'unauthorized' },
      })
    })

    it('acknowledges an event of another type', async () => {
      const token = await issuer.sign({ ...billingEventFixture('customer.plan_changed'), type: 'user.created' })
      expect(await deliver(`${running.url}${path}`, token)).toMatchObject({
        status: 200,
        body: { status: 'unsupported' },
      })
    })
  })

  describe(`examples/${recipe.example}`, () => {
    let running: RunningExample
    beforeAll(async () => {
      await openToTests(example.folder)
      for (const command of example.commands.slice(1, -1)) await runCommand(command, example.folder, env)
      running = await start()
    })
    afterAll(() => running.stop())
    describeAdapter(recipe.example, {
      routesMethods: recipe.routesMethods,
      buffersBodies: recipe.buffersBodies,
      platformAnswers: recipe.platformAnswers,
      start: (options) => ({ url: `${running.url}${path}?${endpoints.open(options)}`, close: () => {} }),
    })

    it('is still running after the suite', () => expect(running.isRunning()).toBe(true))
  })
}

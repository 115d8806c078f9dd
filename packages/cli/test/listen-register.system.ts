import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { startTestManagementApi, type TestManagementApi } from '@kinde-billing/testing/management'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { temporaryFolder } from './temporary-folder.js'

const ROOT = join(import.meta.dirname, '../../..')
const URL_OF_TUNNEL = 'https://abc.tunnel.example/webhooks/kinde'

let kinde: TestManagementApi
let state: string
beforeEach(async () => {
  kinde = await startTestManagementApi()
  state = await temporaryFolder()
})
afterEach(() => kinde.close())

const endpoints = (): string[] => kinde.tenant.webhooks.map(({ endpoint }) => endpoint)

/** Runs `listen` in another process, and waits until it listens. */
async function listen(...args: string[]) {
  const main = join(ROOT, 'packages/cli/src/main.ts')
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', '--conditions=@kinde-billing/source', main, 'listen', '--port', '0', ...args],
    { cwd: ROOT, env: { ...process.env, ...kinde.env, XDG_STATE_HOME: state }, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const exited = once(child, 'exit')
  let err = ''
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk) => {
      err += chunk
      if (err.includes('Listening at')) resolve()
    })
    exited.then(() => reject(new Error(err)))
  })
  return {
    text: () => err,
    async end(signal: 'SIGKILL' | 'SIGINT') {
      child.kill(signal)
      return (await exited)[0] as number | null
    },
  }
}

const register = () => listen('--register', '--yes', '--url', URL_OF_TUNNEL)

describe('listen --register', () => {
  it('removes its webhook at Ctrl-C', async () => {
    const process = await register()
    expect(endpoints()).toStrictEqual([URL_OF_TUNNEL])
    expect(await process.end('SIGINT')).toBe(0)
    expect(endpoints()).toStrictEqual([])
  })

  it('leaves no webhook behind after kill -9 and a new start, with or without --register', async () => {
    for (const start of [register, () => listen()]) {
      const killed = await register()
      await killed.end('SIGKILL')
      expect(endpoints()).toStrictEqual([URL_OF_TUNNEL])
      const next = await start()
      if (start !== register) {
        expect(next.text()).toContain(`Removed the webhook that an earlier run has left: ${URL_OF_TUNNEL}`)
        expect(endpoints()).toStrictEqual([])
      }
      expect(await next.end('SIGINT')).toBe(0)
      expect(endpoints()).toStrictEqual([])
    }
  })
})

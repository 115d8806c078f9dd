import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startPlanted } from '../../test/planted-endpoint.js'
import { kindeBilling, recordingTerminal } from '../../test/recording-terminal.js'
import { startDevelopmentIssuer } from '../issuer/development-issuer.js'
import { type DoctorCommandOptions, doctorCommand } from './command.js'

// limits, far above what an endpoint on a busy machine needs, but for `slowMs` and `handlerMs`, which are waited
const times = { stallMs: 60_000, slowMs: 30, handlerMs: 100, recoveryMs: 15_000, rotationMs: 20_000 }

async function freePort(): Promise<number> {
  const issuer = await startDevelopmentIssuer([], 0)
  await issuer.close()
  return Number(new URL(issuer.url).port)
}

async function examine(plant: 'any method' | undefined, options: Partial<DoctorCommandOptions> = {}) {
  const issuerPort = await freePort()
  const endpoint = await startPlanted(plant, `http://127.0.0.1:${issuerPort}`, { isTelling: true })
  const { terminal, written, home } = await recordingTerminal({ isInteractive: true })
  await writeFile(join(home, 'data.json'), '{"plan_code":"gold"}')
  try {
    const code = await doctorCommand({ to: endpoint.url, issuerPort, times, data: 'data.json', ...options }, terminal)
    return { code, ...written, issuer: `http://127.0.0.1:${issuerPort}`, to: endpoint.url }
  } finally {
    await endpoint.close()
  }
}

describe('the report', () => {
  it('describes each check, and each fault with its impact and fix', async () => {
    const { code, out, err, issuer } = await examine('any method')
    expect(code).toBe(1)
    expect(err).toContain(`KINDE_ISSUER_URL=${issuer}`)
    expect(err).toMatch(/█+░* \d+\/21 /)
    expect(out).toMatch(/^✓ {2}genuine deliveries +all 8 types accepted$/m)
    expect(out).toMatch(/^✗ {2}wrong method /m)
    expect(out).toMatch(/^warning {2}Another method than POST is accepted {2}\(wrong_method_accepted, proven\)$/m)
    expect(out).toMatch(/^ {2}Impact {2}Caches, crawlers/m)
    expect(out).toMatch(/^ {2}Fix {5}Route POST only/m)
    expect(out).toContain('1 fault found.')
  })

  it('is marked as partial if the doctor was stopped', async () => {
    const { terminal, written } = await recordingTerminal({ signal: AbortSignal.abort() })
    expect(await doctorCommand({ to: 'http://127.0.0.1:9/', issuerPort: 0 }, terminal)).toBe(1)
    expect(written.out).toContain('This report is partial: the doctor was stopped.')
  })
})

describe('Ctrl-C', () => {
  // among genuine deliveries side by side, in the middle, and in a burst
  it.each([3, 20, 60, 100])('gives a partial report after %i requests', async (count) => {
    const stop = new AbortController()
    let requests = 0
    const server = createServer((request, response) => {
      requests += 1
      if (requests === count) stop.abort()
      request.resume()
      response.end('ok')
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const to = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const { terminal, written } = await recordingTerminal({ signal: stop.signal })
    const code = await doctorCommand({ to, issuerPort: 0, times, json: true }, terminal)
    server.close().closeAllConnections()
    expect(code).toBe(1)
    expect(JSON.parse(written.out)).toMatchObject({ ok: false, complete: false, stopped: 'interrupted' })
  })
})

describe('incorrect calls', () => {
  it.each([
    [[], "required option '--to <url>' not specified"],
    [['--to', 'nowhere'], '"nowhere" is not an http or https URL'],
    [['--to', 'http://93.184.216.34/'], 'Pass --allow-remote to send'],
    [['--to', 'http://127.0.0.1:9/', '--ran-url', 'http://93.184.216.34/'], 'Pass --allow-remote to send'],
    [['--to', 'http://127.0.0.1:9/', '--data', 'nowhere.json'], 'Cannot read nowhere.json (ENOENT)'],
    [['--to', 'http://127.0.0.1:9/', '--issuer-port', 'x'], 'Pass a whole number from 0 to 65535'],
    [['--to', 'http://127.0.0.1:9/', '--fix'], "unknown option '--fix'"],
  ])('exits with 2: %j', async (args, message) => {
    const { code, out, err } = await kindeBilling(['doctor', ...args])
    expect(code).toBe(2)
    expect(err).toContain(message)
    expect(out).toBe('')
  })
})

import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { BILLING_EVENT_TYPES } from '@kinde-billing/core'
import { billingEventFixture, createTestIssuer } from '@kinde-billing/testing'
import { startTestIssuer, type TestIssuerServer } from '@kinde-billing/testing/server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../../..')

async function demo(args: string[] = [], input = ''): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn('npx', ['tsx', '--conditions=@kinde-billing/source', 'examples/demo/src/main.ts', ...args], {
    cwd: root,
  })
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  child.stdin.end(input)
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { code, out, err }
}

it('shows every billing event and every refusal, for every adapter', async () => {
  const { code, out } = await demo()
  expect(code).toBe(0)
  for (const type of BILLING_EVENT_TYPES)
    expect(out).toMatch(new RegExp(`^${type} +200 +200 +200 +200 +200 +200 +\\S`, 'm'))
  for (const refused of ['forged', 'an access token', 'alg: none'])
    expect(out).toMatch(new RegExp(`^${refused}.* 401 +401 +401 +401 +401 +401 `, 'm'))
  expect(out).toMatch(/^user.created +200 +200 +200 +200 +200 +200 /m)
  expect(out.trimEnd().split('\n').at(-1)).toMatch(/^All 13 deliveries to each of 6 adapters had the expected result/)
})

describe('with a saved delivery, the demo', () => {
  let issuer: TestIssuerServer
  let folder: string
  beforeAll(async () => {
    issuer = await startTestIssuer()
    folder = await mkdtemp(join(tmpdir(), 'saved-'))
  })
  afterAll(async () => {
    await issuer.close()
    await rm(folder, { recursive: true })
  })
  const verify = async (token: string): Promise<Awaited<ReturnType<typeof demo>>> => {
    await writeFile(join(folder, 'token.txt'), `${token}\n`)
    return demo(['--issuer', issuer.issuer, '--token-file', join(folder, 'token.txt')])
  }

  it('verifies it against the key set and prints it', async () => {
    const fixture = billingEventFixture('customer.plan_changed')
    const token = await issuer.sign(fixture)
    for (const { code, out } of [
      await verify(token),
      await demo(['--issuer', issuer.issuer, '--token-file', '-'], token),
    ]) {
      expect(code).toBe(0)
      expect(out).toContain(fixture.event_id)
    }
  })

  it('shows an old one too, and says that it is old', async () => {
    const fixture = billingEventFixture('customer.plan_changed', { timestamp: '2026-01-01T00:00:00Z' })
    const { code, out } = await verify(await issuer.sign(fixture))
    expect(code).toBe(1)
    expect(out).toMatch(/Refused: timestamp_out_of_range/)
    expect(out).toMatch(/The delivery is authentic: the signature is good/)
    expect(out).toContain(fixture.event_id)
  })

  it('refuses a forged one, and says what to do', async () => {
    const { code, out } = await verify(
      await (await createTestIssuer()).sign(billingEventFixture('customer.plan_changed')),
    )
    expect(code).toBe(1)
    expect(out).toMatch(/^Refused: unknown_key\n/)
  })
})

it.each([
  [['--nonsense'], /--nonsense/],
  [['--issuer', 'https://acme.kinde.com'], /go together/],
  [['--issuer', 'https://acme.kinde.com', '--token-file', '/does/not/exist'], /\/does\/not\/exist/],
  [['--issuer', 'acme.kinde.com', '--token-file', 'package.json'], /issuer is "acme.kinde.com": pass a URL such as/],
])('ends with a message and exit code 2 for %j', async (args, message) => {
  const { code, err } = await demo(args)
  expect(code).toBe(2)
  expect(err).toMatch(message)
  expect(err).not.toMatch(/ at .*:\d+:\d+/)
})

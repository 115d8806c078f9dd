import { readdir, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createBillingVerifier } from '@kinde-billing/core'
import { billingEventFixture } from '@kinde-billing/testing'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../test/temporary-folder.js'
import { createDevelopmentKey, defaultKeyFile, loadDevelopmentKey } from './development-key.js'

const freshFile = async (): Promise<string> => join(await temporaryFolder(), 'state', 'key.json')

describe('the development key', () => {
  it('stays the same from run to run, readable by its owner only', async () => {
    const file = await freshFile()
    const first = await loadDevelopmentKey(file)
    expect((await loadDevelopmentKey(file)).publicKey).toStrictEqual(first.publicKey)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect((await stat(dirname(file))).mode & 0o777).toBe(0o700)
  })

  it('is shared by commands that start at the same moment', async () => {
    const file = await freshFile()
    const keys = await Promise.all(Array.from({ length: 5 }, () => loadDevelopmentKey(file)))
    expect(new Set(keys.map(({ publicKey }) => publicKey.kid)).size).toBe(1)
    expect(await readdir(dirname(file))).toStrictEqual(['key.json'])
  })

  it('signs tokens that the verifier accepts', async () => {
    const { sign, publicKey } = createDevelopmentKey()
    expect(publicKey.kid).toMatch(/^[0-9a-f]{2}(?::[0-9a-f]{2}){15}$/)
    expect(Object.keys(publicKey)).not.toContain('d')
    const verifier = createBillingVerifier({ issuer: 'https://acme.kinde.com', jwks: { keys: [publicKey] } })
    const event = await verifier.verifyAndParse(sign(billingEventFixture('customer.plan_changed')))
    expect(event.type).toBe('customer.plan_changed')
  })

  it.each([
    ['text that is not JSON', 'hello'],
    ['a public key', JSON.stringify(createDevelopmentKey().publicKey)],
    ['another kind of key', '{"kty":"oct","k":"AAAA"}'],
  ])('refuses a file with %s and leaves it unchanged', async (_what, text) => {
    const file = await freshFile()
    await loadDevelopmentKey(file)
    await writeFile(file, text)
    await expect(loadDevelopmentKey(file)).rejects.toThrow(
      'Delete it to get a new one, or choose another with --key-file',
    )
  })

  it('names the path that cannot be used', async () => {
    const file = await freshFile()
    await loadDevelopmentKey(file)
    await expect(loadDevelopmentKey(join(file, 'key.json'))).rejects.toThrow('Choose another path with --key-file')
  })

  it("defaults to the user's state folder", () => {
    const end = join('kinde-billing', 'development-key.json')
    expect(defaultKeyFile({ XDG_STATE_HOME: '/state', HOME: '/home/ada' })).toBe(join('/state', end))
    expect(defaultKeyFile({ LOCALAPPDATA: '/local' })).toBe(join('/local', end))
    expect(defaultKeyFile({ HOME: '/home/ada' })).toBe(join('/home/ada/.local/state', end))
  })
})

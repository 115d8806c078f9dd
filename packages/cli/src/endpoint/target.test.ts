import { describe, expect, it } from 'vitest'
import { UsageError } from '../usage-error.js'
import { isNearby, resolveTarget } from './target.js'

const resolvingTo =
  (...addresses: string[]) =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))

describe('addresses', () => {
  it.each([
    '127.0.0.1',
    '127.9.9.9',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.9',
    '::1',
    '::',
    'fd00::1',
    '::ffff:10.0.0.1',
  ])('counts %s as nearby', (address) => {
    expect(isNearby({ address, family: address.includes(':') ? 6 : 4 })).toBe(true)
  })

  it.each([
    '8.8.8.8',
    '172.32.0.1',
    '192.169.0.1',
    '169.254.169.254',
    '100.64.0.1',
    '2001:db8::1',
    'fe80::1',
    '::ffff:8.8.8.8',
  ])('does not count %s as nearby', (address) => {
    expect(isNearby({ address, family: address.includes(':') ? 6 : 4 })).toBe(false)
  })
})

describe('endpoints', () => {
  it('resolves a name and keeps its addresses', async () => {
    const target = await resolveTarget('https://app.test/hook?x=1', { lookup: resolvingTo('10.0.0.1', '::1') })
    expect(target.url.href).toBe('https://app.test/hook?x=1')
    expect(target.addresses.map(({ address }) => address)).toStrictEqual(['10.0.0.1', '::1'])
  })

  it('takes literal addresses without a DNS lookup', async () => {
    const lookup = () => Promise.reject(new Error('asked'))
    expect((await resolveTarget('http://[::1]:3000/', { lookup })).addresses).toStrictEqual([
      { address: '::1', family: 6 },
    ])
    // other ways to write 127.0.0.1
    expect((await resolveTarget('http://2130706433/', { lookup })).addresses).toStrictEqual([
      { address: '127.0.0.1', family: 4 },
    ])
  })

  it('refuses a name with one remote address unless allowRemote is set', async () => {
    const lookup = resolvingTo('127.0.0.1', '93.184.216.34')
    await expect(resolveTarget('http://app.test/', { lookup })).rejects.toThrow(
      'app.test is 93.184.216.34, which is neither this machine nor a private network. Pass --allow-remote to send signed test deliveries there.',
    )
    expect((await resolveTarget('http://app.test/', { lookup, allowRemote: true })).addresses).toHaveLength(2)
  })

  it.each([
    ['localhost:3000/hook', 'is not an http or https URL'],
    ['ftp://localhost/', 'is not an http or https URL'],
    ['not a url', 'is not an http or https URL'],
    ['http://user:secret@localhost/', 'The URL contains credentials'],
  ])('refuses %s', async (url, message) => {
    const refusal = resolveTarget(url)
    await expect(refusal).rejects.toThrow(UsageError)
    await expect(refusal).rejects.toThrow(message)
    await expect(refusal).rejects.not.toThrow('secret')
  })

  it('names a host that does not resolve', async () => {
    await expect(resolveTarget('http://app.test/', { lookup: () => Promise.reject(new Error()) })).rejects.toThrow(
      'app.test does not resolve to an address',
    )
  })
})

import { expect, it, vi } from 'vitest'

it('loads where pages are tested, without cryptography: Jest with jsdom has no TextEncoder', async () => {
  for (const name of ['TextEncoder', 'TextDecoder', 'crypto', 'fetch', 'Request', 'Response', 'ReadableStream'])
    vi.stubGlobal(name, undefined)
  vi.resetModules()
  const { definePlans } = await import('./index.js')
  expect(definePlans({ pro: { features: ['exports'] } })).toMatchObject({ can: expect.any(Function) })
  vi.unstubAllGlobals()
})

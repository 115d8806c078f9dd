import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { bundleSnippets } from './bundle.js'
import type { Snippet } from './find.js'
import { loadSnippet } from './load.js'

/** Runs each snippet, and the tests in it. One without tests must print `true` and nothing else. */
export function itPasses(snippets: readonly Snippet[]): void {
  let bundle: Awaited<ReturnType<typeof bundleSnippets>>
  beforeAll(async () => {
    bundle = await bundleSnippets(snippets, withJestGlobals)
  })
  afterEach(() => {
    vi.restoreAllMocks()
  })
  afterAll(() => bundle.remove())

  it.each(snippets.map(({ name }) => name))('passes: %s', async (name) => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    const { tests } = await loadSnippet(bundle.files.get(name) ?? '')
    for (const [, run] of tests) await run()
    if (tests.length === 0) expect(new Set(log.mock.calls.flat())).toEqual(new Set([true]))
  })
}

/** Adds Jest's globals to a test that uses them. */
function withJestGlobals(text: string): string {
  return /^test\(/m.test(text) ? `import { expect, it as test } from 'vitest'\n${text}` : text
}

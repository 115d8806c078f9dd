import { defineConfig } from 'vitest/config'

/** What `pnpm mutation` runs against each mutant: the tests of verification, keys and decoding. */
export default defineConfig({
  ssr: { resolve: { conditions: ['@kinde-billing/source', 'module', 'node', 'import', 'default'] } },
  test: { root: import.meta.dirname, include: ['src/*.test.ts'], bail: 1 },
})

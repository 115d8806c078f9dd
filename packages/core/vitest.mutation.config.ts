import { defineConfig } from 'vitest/config'

/** The tests that `pnpm mutation` runs against each mutant: those of verification, keys and decoding. */
export default defineConfig({
  ssr: { resolve: { conditions: ['@kinde-billing/source', 'module', 'node', 'import', 'default'] } },
  test: { root: import.meta.dirname, include: ['src/*.test.ts', 'src/jwks/*.test.ts'], bail: 1 },
})

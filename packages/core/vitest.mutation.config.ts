import { defineConfig } from 'vitest/config'

const source = (path: string): string => new URL(`src/${path}`, import.meta.url).pathname

/** The tests that `pnpm mutation` runs against each mutant: those of verification, keys and decoding. */
export default defineConfig({
  resolve: {
    // Shared test code must use the mutated copy too.
    alias: [
      { find: /^@kinde-billing\/core$/, replacement: source('index.ts') },
      { find: /^@kinde-billing\/core\/receiver$/, replacement: source('receiver/index.ts') },
    ],
  },
  ssr: { resolve: { conditions: ['@kinde-billing/source', 'module', 'node', 'import', 'default'] } },
  test: {
    root: import.meta.dirname,
    include: ['src/*.test.ts', 'src/jwks/*.test.ts'],
    exclude: ['src/body.test.ts'],
    bail: 1,
    testTimeout: 60_000,
  },
})

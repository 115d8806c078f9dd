import type { Options } from 'tsup'

/** One build for every package: ESM, CommonJS and types for both, with source maps. */
export const build = (entry: string[]): Options => ({
  entry,
  format: ['esm', 'cjs'],
  target: 'es2022',
  platform: 'neutral',
  splitting: true,
  sourcemap: true,
  clean: true,
  treeshake: true,
  // tsup hands `baseUrl` to the compiler for declarations, which TypeScript 6 reports as deprecated.
  dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
})

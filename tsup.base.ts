import type { Options } from 'tsup'

/** One build for every package: ESM, CommonJS and types for both, with source maps. */
export const build = (entry: string[]): Options => ({
  entry,
  format: ['esm', 'cjs'],
  target: 'es2022',
  platform: 'neutral',
  // `node:` stays in front of built-ins: Deno and workerd insist on it.
  removeNodeProtocol: false,
  external: [/^node:/],
  // What entry points share is built once, so that both see the same error classes and the same key sets.
  splitting: true,
  // By rollup, which also writes plain CommonJS. A chunk of which nothing is used is not imported at all.
  treeshake: { moduleSideEffects: false },
  sourcemap: true,
  clean: true,
  silent: true,
  // tsup hands `baseUrl` to the compiler for declarations, which TypeScript 6 reports as deprecated.
  dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
})

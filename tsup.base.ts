import { resolve } from 'node:path'
import type { Options } from 'tsup'

type Plugin = NonNullable<Options['esbuildPlugins']>[number]

// ESM only. Jest, Lambda and Yarn PnP cannot `require` them, so the CommonJS build carries them inside.
const ESM_ONLY = /^(jose|ky|oauth4webapi)(\/|$)/

/**
 * One build for every package: ESM, CommonJS and types for both, with source maps. `inCommonJs` names modules that the
 * CommonJS build replaces, and the file that takes their place.
 */
export const build = (entry: string[], inCommonJs: Record<string, string> = {}): Options => ({
  entry,
  format: ['esm', 'cjs'],
  target: 'es2022',
  platform: 'neutral',
  // `node:` stays in front of built-ins: Deno and workerd insist on it.
  removeNodeProtocol: false,
  external: [/^node:/],
  // tsup knows no `noExternal` per format: the plugin decides.
  noExternal: [ESM_ONLY, ...Object.keys(inCommonJs)],
  esbuildPlugins: [perFormat(inCommonJs)],
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

/** Dependencies stay imports in the ESM build. In the CommonJS build they are carried inside, or replaced. */
function perFormat(inCommonJs: Record<string, string>): Plugin {
  return {
    name: 'per-format',
    setup({ initialOptions, onResolve }) {
      const esm = initialOptions.define?.TSUP_FORMAT === '"esm"'
      onResolve({ filter: /^[^.]/ }, ({ path }) => {
        const replacement = inCommonJs[path]
        if (esm) return ESM_ONLY.test(path) || replacement !== undefined ? { path, external: true } : undefined
        return replacement === undefined ? undefined : { path: resolve(replacement) }
      })
    },
  }
}

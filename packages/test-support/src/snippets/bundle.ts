import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { findSnippets, isImported, listMembers, ROOT, type Snippet } from './find.js'

/** The functions that make a receiver, by the module that exports them. */
const FACTORIES: Record<string, readonly string[]> = {
  '@kinde-billing/node': ['kindeBilling'],
  '@kinde-billing/fastify': ['kindeBilling'],
  '@kinde-billing/hono': ['kindeBilling'],
  '@kinde-billing/next': ['kindeBilling'],
  '@kinde-billing/lambda': ['kindeBilling'],
  '@kinde-billing/core/receiver': ['createBillingReceiver', 'createWebHandler', 'createLazyWebHandler'],
}

const OWN = /^@kinde-billing\//
const SNIPPET = 'snippet'
const RECORDED = 'recorded'
const RESOLVING = 'resolving'

/**
 * Bundles snippets with the sources of the packages. Everything else is imported from where it is installed. In the bundle,
 * each function that makes a receiver also passes it to the global `recordReceiver`, and Vitest's `it` only calls the global
 * `recordTest`.
 *
 * @param adapt - Changes the text of a snippet.
 * @returns The file of each snippet, by its name, and a function that removes them.
 */
export async function bundleSnippets(
  snippets: readonly Snippet[],
  adapt: (text: string) => string,
): Promise<{ files: Map<string, string>; remove(): void }> {
  // below node_modules, so that the test runner leaves the files to Node
  const parent = join(ROOT, 'node_modules/.cache')
  mkdirSync(parent, { recursive: true })
  const outdir = mkdtempSync(join(parent, 'snippets-'))
  await build({
    entryPoints: snippets.map((_, index) => ({ in: `${SNIPPET}:${index}`, out: `${index}` })),
    outdir,
    outExtension: { '.js': '.mjs' },
    // for what CommonJS snippets require
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['@kinde-billing/source'],
    // A snippet is not on the disk, where its tsconfig.json would be found.
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
    plugins: [resolveSnippets(snippets, adapt)],
  })
  const files = new Map(snippets.map(({ name }, index) => [name, join(outdir, `${index}.mjs`)]))
  return { files, remove: () => rmSync(outdir, { recursive: true }) }
}

function resolveSnippets(entries: readonly Snippet[], adapt: (text: string) => string): Plugin {
  const snippets = [...entries]
  return {
    name: 'resolve-snippets',
    setup({ onResolve, onLoad, resolve }) {
      onResolve({ filter: /^snippet:\d+$/ }, ({ path }) => ({ path: path.slice(8), namespace: SNIPPET }))
      onLoad({ filter: /.*/, namespace: SNIPPET }, ({ path }) => ({
        contents: adapt(snippets[Number(path)]?.text ?? ''),
        loader: 'ts',
        resolveDir: ROOT,
      }))
      onResolve({ filter: /^\.\//, namespace: SNIPPET }, ({ path, importer }) => {
        const page = snippets[Number(importer)]?.file
        const found = findSnippets().find((snippet) => isImported(snippet, path, page))
        return found && { path: String(snippets.push(found) - 1), namespace: SNIPPET }
      })
      onResolve({ filter: /^[^./]/ }, async ({ path, namespace, kind, resolveDir, pluginData }) => {
        if (pluginData === RESOLVING) return undefined
        if (namespace === SNIPPET && (path in FACTORIES || path === 'vitest')) return { path, namespace: RECORDED }
        for (const folder of [SNIPPET, RECORDED].includes(namespace) ? listMembers() : [resolveDir]) {
          const found = await resolve(path, { kind, resolveDir: folder, pluginData: RESOLVING })
          if (found.errors.length === 0) return { path: found.path, external: found.external || !OWN.test(path) }
        }
        return undefined
      })
      onLoad({ filter: /.*/, namespace: RECORDED }, ({ path }) => ({ contents: recording(path), resolveDir: ROOT }))
    },
  }
}

/** The module, with functions that record what they create. */
function recording(module: string): string {
  if (module === 'vitest') return "export { expect } from 'vitest'\nexport const it = (...test) => recordTest(test)"
  const factories = (FACTORIES[module] ?? []).map(
    (factory) => `export const ${factory} = (options) => {
      const receiver = real.${factory}(options)
      recordReceiver({ from: '${module}', factory: '${factory}', receiver })
      return receiver
    }`,
  )
  return [`import * as real from '${module}'`, `export * from '${module}'`, ...factories].join('\n')
}

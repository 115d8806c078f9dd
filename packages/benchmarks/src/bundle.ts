import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

/** A bundle as it is shipped to a Worker or a browser. */
export interface Bundle {
  readonly code: string
  readonly gzipBytes: number
  /** Modules that the bundle leaves to the runtime to provide. */
  readonly imports: readonly string[]
}

/** Bundles a module's text as for the web, minified, with its dependencies but `external` ones. */
export async function bundleForWeb(contents: string, external: readonly string[] = []): Promise<Bundle> {
  const result = await build({
    stdin: { contents, resolveDir: import.meta.dirname, sourcefile: 'entry.js' },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    external: [...external],
    outfile: 'bundle.js',
    logLevel: 'error',
  })
  const code = result.outputFiles[0]?.text ?? ''
  const imports = result.metafile.outputs['bundle.js']?.imports ?? []
  return { code, gzipBytes: gzipSync(code, { level: 9 }).length, imports: imports.map(({ path }) => path) }
}

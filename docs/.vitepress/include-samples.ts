import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'

/** Replaces the includes in the Markdown and text files of the built site, which programs read, by the samples themselves. */
export function includeSamples(outDir: string, docs: string): void {
  const names = readdirSync(outDir, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(md|txt)$/.test(name))
  for (const name of names) {
    const file = join(outDir, name)
    const text = readFileSync(file, 'utf8')
    const included = text.replace(
      /^<<< @\/(samples\/[\w.]+)(?:\{\w+\})? *(\[.*\])?$/gm,
      (_, sample: string, title = '') => {
        const language = extname(sample) === '.ts' ? 'ts' : 'js'
        return `\`\`\`${language} ${title}\n${readFileSync(join(docs, sample), 'utf8')}\`\`\``
      },
    )
    if (included !== text) writeFileSync(file, included)
  }
}

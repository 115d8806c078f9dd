import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const PAGE = join(import.meta.dirname, '../README.md')

/** Puts fresh results into `packages/benchmarks/README.md`, between the marks of their name. */
export function writeResults(name: string, results: string): void {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const page = readFileSync(PAGE, 'utf8')
  const [start, stop] = [page.indexOf(begin), page.indexOf(end)]
  if (start === -1 || stop < start)
    throw new Error(`packages/benchmarks/README.md has no ${begin} … ${end}: put both back.`)
  writeFileSync(PAGE, `${page.slice(0, start + begin.length)}\n\n${results.trim()}\n\n${page.slice(stop)}`)
}

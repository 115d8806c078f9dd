import { parse as parseToml } from 'smol-toml'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { type Fence, findFences } from './commands/find-fences.js'

const fences = findFences()
const written = (...languages: string[]): Fence[] => fences.filter(({ language }) => languages.includes(language))

/** The tests of the blocks of a language, apart from those below. JavaScript with `require` is compiled, too. */
const CHECKED_ELSEWHERE = {
  ts: 'test/snippets.system.ts compiles it',
  svelte: 'an example shows it as it is',
  sh: 'test/commands.system.ts runs it',
  console: 'test/commands.system.ts runs it',
  sql: 'test/commands.system.ts runs it',
  text: 'it is nothing that a program reads',
  // no program on this machine reads these
  dockerfile: 'docs/deploy/docker.md says that it was not built',
  nginx: 'it is a part of a configuration',
}

it('has a language that the tests read, for every block of every page', () => {
  const read = ['js', 'json', 'jsonc', 'yaml', 'toml', 'diff', ...Object.keys(CHECKED_ELSEWHERE)]
  const unknown = fences.filter(({ language }) => !read.includes(language))
  expect(unknown.map(({ page, line, language }) => `${page}:${line} ${language}`)).toEqual([])
})

describe('can be parsed:', () => {
  it.each(written('json'))('JSON of $page:$line', ({ text }) => {
    expect(JSON.parse(text)).toBeTypeOf('object')
  })

  it.each(written('js'))('JavaScript of $page:$line', ({ text }) => {
    const { diagnostics } = ts.transpileModule(text, { fileName: 'snippet.js', reportDiagnostics: true })
    expect(diagnostics).toEqual([])
  })

  it.each(written('jsonc'))('JSON with comments of $page:$line', ({ text }) => {
    expect(ts.parseConfigFileTextToJson('file.jsonc', text).error).toBeUndefined()
  })

  it.each(written('yaml'))('YAML of $page:$line', ({ text }) => {
    expect(parseYaml(text)).toBeTypeOf('object')
  })

  it.each(written('toml'))('TOML of $page:$line', ({ text }) => {
    expect(parseToml(text)).toBeTypeOf('object')
  })
})

it.each(written('diff'))('removes lines that stand on the page: the diff of $page:$line', ({ page, text }) => {
  const code = written('ts').filter((fence) => fence.page === page)
  const removed = [...text.matchAll(/^-(.*)$/gm)].map(([, line = '']) => line)
  expect(removed.length).toBeGreaterThan(0)
  for (const line of removed) expect(code.some((fence) => fence.text.split('\n').includes(line))).toBe(true)
})

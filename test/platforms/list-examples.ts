import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

/** Every example, by the name of its folder. One that git has moved away leaves a folder with what was installed. */
export const EXAMPLES: readonly string[] = readdirSync(join(ROOT, 'examples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .filter((name) => readdirSync(join(ROOT, 'examples', name)).some((file) => file !== 'node_modules'))

/** The examples that are put through the conformance suite on their platform. */
export const RECIPES: readonly string[] = readdirSync(join(ROOT, 'test/platforms')).flatMap((file) => {
  const [, example] = /example: '([\w-]+)'/.exec(readFileSync(join(ROOT, 'test/platforms', file), 'utf8')) ?? []
  return example === undefined ? [] : [example]
})

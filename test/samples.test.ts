import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8')

// A page of the site includes the sample. A README cannot, so it repeats it.
describe.each([
  { sample: 'express.ts', readme: 'README.md' },
  { sample: 'express.ts', readme: 'packages/node/README.md' },
  { sample: 'node.ts', readme: 'packages/node/README.md' },
  { sample: 'fastify.ts', readme: 'packages/fastify/README.md' },
  { sample: 'hono.ts', readme: 'packages/hono/README.md' },
  { sample: 'next.ts', readme: 'packages/next/README.md' },
])('$readme', ({ sample, readme }) => {
  it(`shows docs/samples/${sample} as it is`, () => {
    expect(read(readme)).toContain(`\`\`\`ts\n${read(`docs/samples/${sample}`)}\`\`\``)
  })
})

it.each(['node', 'express', 'fastify'])('docs/samples/%s is the same in CommonJS, but for its imports', (name) => {
  const body = (file: string): string =>
    read(`docs/samples/${file}`)
      .replace(/^(?:import|const .* = require).*\n/gm, '')
      .replace('await app.listen', 'app.listen')
  expect(body(`${name}.cjs`)).toBe(body(`${name}.ts`))
})

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EXAMPLES } from './platforms/list-examples.js'

const ROOT = join(import.meta.dirname, '..')
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

/** The codes of errors, from the table of core. */
const CODES = [...read('packages/core/src/errors.ts').matchAll(/^ {2}([a-z]+(?:_[a-z]+)+): /gm)].map(([, code]) => code)

const RULES = new RegExp(
  [
    // a status of the receiver's responses
    '\\b(?:200|400|401|405|408|409|413|415|500|503)\\b',
    // an error code, or the public name of some
    `['"](?:${CODES.join('|')}|unauthorized)['"]`,
    // a header that the receiver reads or writes
    '[\'"](?:allow|retry-after|webhook-id|content-type|content-encoding|content-length)[\'"]',
  ].join('|'),
  'gi',
)

/** The rules that may stand in a file, and why. Everything else that looks like a rule belongs in core. */
const NO_RULES: { readonly [file: string]: { readonly may: readonly string[]; readonly because: string } } = {
  'packages/node/src/index.ts': {
    may: ["'content-length'", "'content-type'"],
    because: 'A response before the end of the body is framed, and kept text is compared with what was sent.',
  },
  'packages/fastify/src/index.ts': {
    may: ["'content-length'"],
    because: 'A response before the end of the body is framed.',
  },
  'packages/lambda/src/index.ts': { may: ['200'], because: 'These are milliseconds.' },
  'examples/azure-functions/local-host.mjs': { may: ['413', '500'], because: 'It stands in for the platform.' },
  'examples/convex/local-backend.mjs': { may: ['500'], because: 'It stands in for the platform.' },
  'examples/demo/src/deliveries.ts': {
    may: ['200', '401'],
    because: 'The demonstration says what each delivery must be answered.',
  },
  'examples/node-http/src/main.ts': { may: ["'content-type'"], because: 'The other routes of the application.' },
  'examples/observability/src/observe-outcomes.ts': {
    may: ['200', '500'],
    because: 'The level of a line of the log depends on the response.',
  },
  'examples/saas/src/application.ts': { may: ['401'], because: 'The login of the operators.' },
  'examples/saas/src/pages/customer.ts': { may: ['400'], because: 'The length of a text.' },
  'examples/saas/src/pages/serve.ts': { may: ['200', "'content-type'"], because: 'The pages of the application.' },
}

/** Only for mistakes that end the start of an application: never a response. */
const SETUP = "'invalid_configuration'"

/** The source files below a folder: nothing that is installed, built or generated, and no tests. */
function listSources(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory())
      return /^(?:node_modules|dist|build|test|_generated|\..+)$/.test(entry.name) ? [] : listSources(path)
    return /(?<!\.d|\.test|\.test-d)\.(?:[cm]?[jt]sx?|vue|svelte|astro)$/.test(entry.name) ? [path] : []
  })
}

function findRules(file: string): string[] {
  const code = read(file).replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*/g, '')
  return [...new Set(code.match(RULES) ?? [])]
}

const ADAPTERS = readdirSync(join(ROOT, 'packages'))
  .filter((name) =>
    listSources(`packages/${name}/src`).some((file) => /export function kindeBilling\b/.test(read(file))),
  )
  .concat('cloudflare')

describe.each([...ADAPTERS.map((name) => `packages/${name}/src`), ...EXAMPLES.map((name) => `examples/${name}`)])(
  '%s',
  (folder) => {
    it('leaves statuses, error codes and headers to core', () => {
      const files = listSources(folder)
      expect(files.length).toBeGreaterThan(0)
      for (const file of files) {
        const may = [...(NO_RULES[file]?.may ?? []), ...(folder.startsWith('packages/') ? [SETUP] : [])]
        expect(
          findRules(file).filter((rule) => !may.includes(rule)),
          file,
        ).toEqual([])
      }
    })
  },
)

it('finds the adapters and the codes', () => {
  expect(ADAPTERS).toEqual(expect.arrayContaining(['node', 'fastify', 'hono', 'next', 'nest', 'lambda']))
  expect(CODES).toEqual(expect.arrayContaining(['invalid_signature', 'handler_timeout', 'keys_unavailable']))
})

it.each(Object.entries(NO_RULES))('%s needs every exception that it has', (file, { may }) => {
  expect(findRules(file)).toEqual(expect.arrayContaining([...may]))
})

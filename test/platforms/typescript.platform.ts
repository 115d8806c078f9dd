import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { CONSUMER, MISTAKES } from '../packages/consumer.js'
import { compile, emptyProject, FRAMEWORKS, npmInstall, packed } from '../packages/project.js'

const COMPILERS = { '5.0': '5.0.4', '5.4': '5.4.5', '5.9': '5.9.3', '6.0': '6.0.3' }

const RESOLUTIONS: Record<string, { readonly args: string[]; readonly extensions: string[] }> = {
  'commonjs and node10': { args: ['--module', 'commonjs', '--moduleResolution', 'node10'], extensions: ['ts'] },
  node16: { args: ['--module', 'node16'], extensions: ['mts', 'cts'] },
  nodenext: { args: ['--module', 'nodenext'], extensions: ['mts', 'cts'] },
  bundler: { args: ['--module', 'esnext', '--moduleResolution', 'bundler'], extensions: ['ts'] },
}

let project: string

beforeAll(async () => {
  const compilers = Object.entries(COMPILERS).map(([name, version]) => [
    `typescript-${name}`,
    `npm:typescript@${version}`,
  ])
  project = await emptyProject(inject('folder'), 'typescript', {
    ...packed(inject('tarballs')),
    ...FRAMEWORKS,
    ...Object.fromEntries(compilers),
  })
  await npmInstall(project)
  for (const extension of ['ts', 'mts', 'cts']) {
    await writeFile(join(project, `consumer.${extension}`), CONSUMER)
    await writeFile(join(project, `mistakes.${extension}`), MISTAKES)
  }
})

describe.each(Object.keys(COMPILERS))('TypeScript %s', (version) => {
  // TypeScript 6 still takes node10, but asks for a word first
  const common = ['--noEmit', '--esModuleInterop', ...(version === '6.0' ? ['--ignoreDeprecations', '6.0'] : [])]

  describe.each(Object.entries(RESOLUTIONS))('with %s', (_, { args, extensions }) => {
    const list = (names: readonly string[]): string[] =>
      names.flatMap((name) => extensions.map((extension) => `${name}.${extension}`))
    // the declarations of Fastify, Hono and pg need newer compilers than ours do
    const ours = (errors: readonly string[]): string[] => errors.filter((line) => /^consumer|@kinde-billing/.test(line))

    it('compiles an application, and finds misspelled event types and members that an event does not have', async () => {
      const files = list(['consumer', 'mistakes'])
      const errors = await compile(project, version, [...common, ...args, '--skipLibCheck', 'true', ...files])
      expect(ours(errors)).toEqual([])
      expect(errors.filter((line) => line.startsWith('mistakes'))).toHaveLength(2 * extensions.length)
    })

    it('compiles an application with skipLibCheck false', async () => {
      const files = list(['consumer'])
      const errors = await compile(project, version, [...common, ...args, '--skipLibCheck', 'false', ...files])
      expect(ours(errors)).toEqual([])
    })
  })
})

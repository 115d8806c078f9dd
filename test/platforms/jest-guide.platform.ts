import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { findCommands, findFences, ROOT } from '../commands/find-fences.js'
import { emptyProject, FRAMEWORKS, npmInstall, packed } from '../packages/project.js'
import { run } from '../packages/tarballs.js'

const PAGE = 'docs/guides/testing.md'
const OWN_TSCONFIG = { compilerOptions: { module: 'nodenext', strict: true, skipLibCheck: true } }
const PGLITE = '@electric-sql/pglite'
/** Samples that the page says need more, or another way, in Jest. */
const NEEDS_MORE = [PGLITE, 'app.inject(']

const fences = findFences().filter(({ page }) => page === PAGE)

/** The samples as a user of Jest has them: with its globals. */
const samples = fences
  .filter(({ language, text }) => language === 'ts' && text.includes("from 'vitest'"))
  .map(({ text }) => text.replace(/^import .* from 'vitest'\n/m, ''))

/** The steps of the section about Jest, in order: to type a command, or to save a file. */
function listSteps(page: string): { line: number; command?: string; file?: string; text?: string }[] {
  const typed = findCommands().filter((command) => command.page === PAGE)
  const lines = page.split('\n')
  const first = typed.find(({ text }) => text.includes(' jest@'))?.line ?? 0
  const saved = fences.flatMap(({ line, language, text }) => {
    const [, file] = /^`(.+)`:$/.exec(lines[line - 3] ?? '') ?? []
    return language === 'json' && file !== undefined ? [{ line, file, text }] : []
  })
  const steps = [...typed.map(({ line, text }) => ({ line, command: text })), ...saved]
  const last = lines.indexOf('## The application, over HTTP')
  return steps.filter(({ line }) => line >= first && line <= last).sort((a, b) => a.line - b.line)
}

describe('the section about Jest', () => {
  let project: string
  const type = (command: string): Promise<unknown> =>
    run('sh', ['-c', command], { cwd: project, maxBuffer: 16 * 1024 * 1024 })

  beforeAll(async () => {
    const dependencies = { ...packed(inject('tarballs')), ...FRAMEWORKS, '@electric-sql/pglite': '0.5.16' }
    project = await emptyProject(inject('folder'), 'jest-guide', dependencies)
    await npmInstall(project)
    for (const [index, text] of samples.entries())
      if (!NEEDS_MORE.some((part) => text.includes(part)))
        await writeFile(join(project, `sample-${index}.test.ts`), text)
  })

  it('runs the samples of the page, step by step', async () => {
    const steps = listSteps(await readFile(join(ROOT, PAGE), 'utf8'))
    expect(steps.map(({ command, file }) => (command ?? `save ${file}`).replace(/ (?:jest@30|--json) .*/, ''))).toEqual(
      [
        'npm install --save-dev',
        'npm pkg set jest.preset=ts-jest',
        'save tsconfig.json',
        'npx jest',
        'npm pkg delete jest.preset',
        'npm pkg set',
        'save tsconfig.jest.json',
      ],
    )
    for (const { command, file, text = '' } of steps) {
      if (file !== undefined) await writeFile(join(project, file), text)
      // that of a project which has its own
      if (command?.startsWith('npm pkg delete'))
        await writeFile(join(project, 'tsconfig.json'), JSON.stringify(OWN_TSCONFIG))
      if (command !== undefined) await type(command.replace(/^npx jest$/, '$& --testTimeout=60000'))
    }
    await type('npx jest --testTimeout=60000')
  })

  it('runs the sample with PGlite, with the flag that the page names', async () => {
    const sample = samples.find((text) => text.includes(PGLITE)) ?? ''
    await writeFile(join(project, 'tx.test.ts'), sample)
    await type('NODE_OPTIONS=--experimental-vm-modules npx jest tx --testTimeout=60000')
  })
})

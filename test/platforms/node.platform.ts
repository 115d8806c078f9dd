import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { CONSUMER_OUTPUT, consumerAs, emptyProject, FRAMEWORKS, npmInstall, packed } from '../packages/project.js'
import { entryPoints, PUBLISHED, run } from '../packages/tarballs.js'

const ENTRIES = PUBLISHED.flatMap(entryPoints)

let project: string

beforeAll(async () => {
  project = await emptyProject(inject('folder'), 'node', { ...packed(inject('tarballs')), ...FRAMEWORKS })
  await npmInstall(project)
  await writeFile(join(project, 'consumer.mjs'), consumerAs('esm'))
  await writeFile(join(project, 'consumer.cjs'), consumerAs('cjs'))
  await writeFile(join(project, 'all.cjs'), ENTRIES.map((entry) => `require('${entry}')`).join('\n'))
})

describe.each(['20.19', '22', '24'])('Node %s, installed by npm', (version) => {
  const node = (...args: string[]) => run('npx', ['-y', `node@${version}`, ...args], { cwd: project })

  it('requires every entry point without require(esm)', async () => {
    await expect(node('--no-experimental-require-module', 'all.cjs')).resolves.toMatchObject({ stderr: '' })
  })

  it.each(['consumer.mjs', 'consumer.cjs'])('runs %s', async (file) => {
    expect((await node(file)).stdout).toBe(CONSUMER_OUTPUT)
  })
})

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startForwardProxy } from '@kinde-billing/test-support/forward-proxy'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { billingEventFixture } from '../../packages/testing/src/index.js'
import { startTestIssuer } from '../../packages/testing/src/server.js'
import { CONSUMER_OUTPUT, consumerAs, emptyProject, FRAMEWORKS, npmInstall, packed } from '../packages/project.js'
import { entryPoints, PUBLISHED, ROOT, run } from '../packages/tarballs.js'

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

const VERIFY = `import('@kinde-billing/core')
  .then(({ verifyAndParse }) => verifyAndParse(process.env.TOKEN, { issuer: process.env.KINDE_ISSUER_URL }))
  .then(({ type }) => console.log(type))
`

describe.each(['22', '24'])('Node %s behind an egress proxy', (version) => {
  it('fetches the key set by the command of docs/guides/proxies.md', async () => {
    const [issuer, proxy] = await Promise.all([startTestIssuer(), startForwardProxy()])
    try {
      await writeFile(join(project, 'server.js'), VERIFY)
      const page = await readFile(join(ROOT, 'docs/guides/proxies.md'), 'utf8')
      const [command = ''] = /^NODE_USE_ENV_PROXY=.*$/m.exec(page) ?? []
      // for the plain HTTP of a test issuer, Node reads another variable
      const here = `HTTP_PROXY=${proxy.url} ${command.replace('http://proxy.example:3128', proxy.url)}`
      const TOKEN = await issuer.sign(billingEventFixture('customer.plan_changed'))
      const env = { ...process.env, KINDE_ISSUER_URL: issuer.issuer, TOKEN }
      const { stdout } = await run('npx', ['-y', '-p', `node@${version}`, '-c', here], { cwd: project, env })
      expect([stdout, proxy.targets]).toEqual(['customer.plan_changed\n', [new URL(issuer.issuer).host]])
    } finally {
      await Promise.all([issuer.close(), proxy.close()])
    }
  })
})

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { isInstalled } from '@kinde-billing/test-support/installed'
import { describe, expect, it } from 'vitest'

const run = promisify(execFile)
const folder = join(import.meta.dirname, '../examples/observability/prometheus')

describe.runIf(isInstalled('promtool'))('prometheus/rules.yml', () => {
  it('is accepted by Prometheus', async () => {
    expect((await run('promtool', ['check', 'rules', join(folder, 'rules.yml')])).stdout).toContain('SUCCESS')
  })

  it('fires as rules.test.yml says: on silence that breaks the rhythm, and not before', {
    timeout: 300_000,
  }, async () => {
    expect((await run('promtool', ['test', 'rules', join(folder, 'rules.test.yml')])).stdout).toContain('SUCCESS')
  })
})

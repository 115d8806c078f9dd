import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'

interface Report {
  testResults: { assertionResults: { ancestorTitles: string[]; title: string; status: string }[] }[]
}

/** The titles of the cases that failed, by the inbox that they failed for. */
const failures = new Map<string, string[]>()

beforeAll(async () => {
  const folder = fileURLToPath(new URL('.', import.meta.url))
  const vitest = fileURLToPath(new URL('vitest.mjs', import.meta.resolve('vitest/package.json')))
  const args = [vitest, 'run', '--root', folder, '--config', `${folder}broken-inboxes.config.ts`]
  // Vitest exits with 1 where cases fail, as they are to here.
  const output = await new Promise<string>((resolve) =>
    execFile(process.execPath, args, (_, stdout) => resolve(stdout)),
  )
  const report: Report = JSON.parse(output)
  for (const { ancestorTitles, title, status } of report.testResults.flatMap((file) => file.assertionResults)) {
    const name = ancestorTitles[0]?.replace(' satisfies the inbox contract', '') ?? ''
    const titles = failures.get(name) ?? []
    failures.set(name, titles)
    if (status === 'failed') titles.push(title)
  }
})

describe('the inbox contract', () => {
  it('is satisfied by an inbox without a fault', () => {
    expect(failures.get('nothing is wrong')).toEqual([])
  })

  it.each([
    ['claims never', 'is in progress while the work goes on, and a duplicate only after it'],
    ['claims by the key in lower case', 'keeps tenants, endpoints and events apart'],
    ['claims by the trimmed key', 'keeps tenants, endpoints and events apart'],
    ['claims in a plain object', 'takes "__proto__" for what it is'],
    ['claims for ever', 'lets another attempt run once a lease is over'],
    ['marks never', 'runs the work, and not again'],
    ['marks before the work', 'is in progress while the work goes on, and a duplicate only after it'],
    ['marks for ever', 'forgets a mark after retentionMs, and runs again'],
    ['marks without looking at the claim', 'an attempt that finishes after its lease was taken over changes nothing'],
    ['releases never', 'calls none of a hundred done where each that runs fails, and runs the next'],
    ['releases without looking at the claim', 'an attempt that throws after its lease was taken over changes nothing'],
    ['throws an error of its own', 'throws on what the work throws (undefined), and runs the next attempt'],
    ['discards never', 'marks an event that the work discards'],
    ['signal never fires', 'lets another attempt run once a lease is over'],
    ['writes stay when the work throws', 'undoes the writes of work that throws Error: after the write'],
    ['writes stay when the work is discarded', 'undoes the writes of work that throws DiscardEvent: after the write'],
    ['writes are lost', 'commits the writes of work that succeeds, with the mark'],
  ])('finds the fault: %s', (fault, title) => {
    expect(failures.get(fault)).toContain(title)
  })
})

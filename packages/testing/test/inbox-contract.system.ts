import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'

interface Report {
  testResults: { assertionResults: { ancestorTitles: string[]; title: string; status: string }[] }[]
}

/** The titles of the failed cases by the name of their inbox. */
const failures = new Map<string, string[]>()

beforeAll(async () => {
  const folder = fileURLToPath(new URL('.', import.meta.url))
  const vitest = fileURLToPath(new URL('vitest.mjs', import.meta.resolve('vitest/package.json')))
  const args = [vitest, 'run', '--root', folder, '--config', `${folder}broken-inboxes.config.ts`]
  // Vitest exits with 1 because cases fail, as they should here.
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
  it('passes an inbox without a fault', () => {
    expect(failures.get('nothing is wrong')).toEqual([])
  })

  it.each([
    ['claims never', 'answers in_progress while the work runs, and duplicate only after it'],
    ['claims by the key in lower case', 'keeps tenants, endpoints and events apart'],
    ['claims by the trimmed key', 'keeps tenants, endpoints and events apart'],
    ['claims in a plain object', 'takes the key "__proto__" as it is'],
    ['claims for ever', 'lets another attempt run once a lease is over'],
    ['marks never', 'runs the work once'],
    ['marks before the work', 'answers in_progress while the work runs, and duplicate only after it'],
    ['marks for ever', 'forgets a mark after retentionMs, and runs again'],
    [
      'marks without looking at the claim',
      'lets an attempt that finishes after its lease was taken over change nothing',
    ],
    ['releases never', 'answers none of a hundred as done if each that runs fails, and runs the next'],
    [
      'releases without looking at the claim',
      'lets an attempt that throws after its lease was taken over change nothing',
    ],
    ['throws an error of its own', 'rejects with what the work throws (undefined), and runs the next attempt'],
    ['discards never', 'marks an event that the work discards'],
    ['signal never fires', 'lets another attempt run once a lease is over'],
    ['responses are ignored', 'runs nothing and holds no claim if the response was decided before the claim'],
    ['responses end the work', 'marks work that was running when the response was decided'],
    ['writes stay when the work throws', 'rolls back the writes of work that throws an Error'],
    ['writes stay when the work is discarded', 'rolls back the writes of work that throws a DiscardEvent'],
    ['writes are lost', 'commits the writes of work that succeeds together with the mark'],
    ['claimsKept never', 'keeps the claims of an event that failed, until it is done'],
    ['claimsKept after success', 'keeps no claims of an event that succeeded'],
    ['claimsKept only after an attempt', 'keeps the claims of an event that failed before its work'],
    ['redeliveries run without a request', 'runs nothing until a redelivery is requested'],
    ['redeliveries run again', 'runs a requested event once, and marks it'],
    ['redeliveries run in the reverse order', "redelivers one customer's events in the order in which they happened"],
    ['redeliveries run without the claim', 'does not run beside a live attempt, nor after one that succeeded'],
    ['erasure does nothing', "erases one customer's claims, and keeps marks and other customers' claims"],
    ['erasure is of every customer', "erases one customer's claims, and keeps marks and other customers' claims"],
    ['erasure removes marks', "erases one customer's claims, and keeps marks and other customers' claims"],
  ])('finds the fault: %s', (fault, title) => {
    expect(failures.get(fault)).toContain(title)
  })
})

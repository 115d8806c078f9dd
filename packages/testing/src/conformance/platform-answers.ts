import { format } from 'node:util'
import { expect, it } from 'vitest'
import type { AdapterUnderTest, PlatformAnswer } from './adapter.js'

/** Declares tests of requests that a platform may answer or change before the adapter gets them. */
export interface DeclareTest {
  (title: string, run: () => unknown): void
  /** Declares a test for each row, with the row's values in its title. */
  each<Row extends readonly unknown[]>(rows: readonly Row[]): (title: string, run: (...values: Row) => unknown) => void
}

/**
 * Declares tests whose requests the platform answers as tests of that answer.
 *
 * @param answers - The platform's answers, by the titles of tests.
 * @returns The function that declares a test, and the titles that no test has had so far.
 */
export function declareTests(answers: AdapterUnderTest['platformAnswers'] = {}): {
  it: DeclareTest
  unused: ReadonlySet<string>
} {
  const unused = new Set(Object.keys(answers))
  const declare = (title: string, run: () => unknown): void => {
    const answer = answers[title]
    if (answer === undefined) return void it(title, run)
    unused.delete(title)
    it(`leaves to the platform: ${title}. ${answer.because}`, () => expectPlatformAnswer(run, answer))
  }
  const each: DeclareTest['each'] = (rows) => (title, run) => {
    const placeholders = title.match(/%[a-z]/g)?.length ?? 0
    for (const row of rows) declare(format(title, ...row.slice(0, placeholders)), () => run(...row))
  }
  return { it: Object.assign(declare, { each }), unused }
}

/** The suite's own test fails, and what its assertion has got is the platform's answer. */
export async function expectPlatformAnswer(run: () => unknown, { gets }: PlatformAnswer): Promise<void> {
  let failure: unknown
  try {
    await run()
  } catch (error) {
    failure = error
  }
  if (!(failure instanceof Error))
    throw new Error('The adapter gets this request, and answers it as the suite expects.')
  // an assertion of Vitest has it, and in Jest the result of its matcher
  const actual: unknown = 'actual' in failure ? failure.actual : readMatcherResult(failure)
  expect({ gets: actual }).toMatchObject({ gets })
}

function readMatcherResult(failure: Error): unknown {
  const result: unknown = Reflect.get(failure, 'matcherResult')
  if (typeof result !== 'object' || result === null || !('actual' in result)) throw failure
  return result.actual
}

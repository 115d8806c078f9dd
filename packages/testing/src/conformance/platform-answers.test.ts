import { describe, expect, it } from 'vitest'
import { declareTests, expectPlatformAnswer } from './platform-answers.js'

const forbidden = { because: 'The platform refuses it.', gets: { status: 403 } }
const findsStatus = (status: number) => () => expect({ status, body: '' }).toEqual({ status: 200, body: '' })

describe("a platform's answer", () => {
  it("is what the suite's assertion gets", async () => {
    await expect(expectPlatformAnswer(findsStatus(403), forbidden)).resolves.toBeUndefined()
  })

  it('fails if the platform answers something else', async () => {
    await expect(expectPlatformAnswer(findsStatus(404), forbidden)).rejects.toThrow('403')
  })

  it('fails if the adapter answers after all', async () => {
    await expect(expectPlatformAnswer(findsStatus(200), forbidden)).rejects.toThrow('The adapter gets this request')
  })

  it("fails with the test's own error if that is no assertion", async () => {
    const run = () => {
      throw new TypeError('fetch failed')
    }
    await expect(expectPlatformAnswer(run, forbidden)).rejects.toThrow('fetch failed')
  })

  it('is read from the result of a matcher in Jest', async () => {
    const run = () => {
      throw Object.assign(new Error('not equal'), { matcherResult: { actual: { status: 403 } } })
    }
    await expect(expectPlatformAnswer(run, forbidden)).resolves.toBeUndefined()
  })
})

describe('declareTests', () => {
  const declared = declareTests({ 'accepts text/plain': forbidden, 'accepts tea': forbidden })
  declared.it.each([['text/plain', 403]] satisfies [type: string, status: number][])('accepts %s', (_, status) =>
    findsStatus(status)(),
  )

  it('names the answers that no test has', () => expect([...declared.unused]).toEqual(['accepts tea']))
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AdapterUnderTest } from './adapter.js'
import { consumedBodies } from './consumed-bodies.js'
import { corpus } from './corpus.js'
import { duplicates } from './duplicates.js'
import { encodings } from './encodings.js'
import { faults } from './faults.js'
import { handlers } from './handlers.js'
import { headers } from './headers.js'
import { lengths } from './lengths.js'
import { mediaTypes } from './media-types.js'
import { methods } from './methods.js'
import { secrets } from './secrets.js'
import { senders } from './senders.js'
import { createSuite } from './suite.js'

export type {
  AdapterUnderTest,
  BodyConsumer,
  ConformanceOptions,
  ConformanceServer,
  PlatformAnswer,
  StartServer,
} from './adapter.js'
export { listen } from './listen.js'

/**
 * Declares the conformance suite of an adapter, for Vitest or Jest. It sends valid and hostile requests over real sockets,
 * the corpus included, and checks that every response is exactly that of the other adapters, that nothing of a request
 * comes back, that no event runs twice, and that no client or handler affects the next delivery.
 *
 * @param name Name of the adapter, for the report.
 * @param adapter Starts servers with the adapter mounted.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { kindeBilling } from '@kinde-billing/node'
 * import { describeAdapter, listen } from '@kinde-billing/testing/conformance'
 *
 * describeAdapter('@kinde-billing/node', {
 *   start: (options) => listen(createServer(kindeBilling(options))),
 * })
 * ```
 */
export function describeAdapter(name: string, adapter: AdapterUnderTest): void {
  describe(`${name} conforms`, () => {
    const suite = createSuite(adapter)
    const rejections: unknown[] = []
    const onRejection = (reason: unknown): void => void rejections.push(reason)
    beforeAll(() => {
      process.on('unhandledRejection', onRejection)
      return suite.begin()
    })
    afterAll(async () => {
      await suite.end()
      process.off('unhandledRejection', onRejection)
    })

    if (adapter.routesMethods !== true) describe('methods', () => methods(suite))
    describe('media types', () => mediaTypes(suite))
    describe('encodings', () => encodings(suite))
    describe('lengths', () => lengths(suite))
    describe('senders', () => senders(suite))
    describe('headers', () => headers(suite))
    describe('handlers', () => handlers(suite))
    describe('duplicates', () => duplicates(suite))
    describe('faults', () => faults(suite))
    describe('consumed bodies', () => consumedBodies(suite, adapter.consumers ?? {}))
    describe('the corpus', () => corpus(suite))
    describe('secrets', () => secrets(suite))
    it('has left no promise rejected', () => expect(rejections).toEqual([]))
    it('has a test for every answer of the platform', () => expect([...suite.unusedAnswers]).toEqual([]))
  })
}

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
  StartServer,
} from './adapter.js'
export { listen } from './listen.js'

/**
 * What every adapter must do, as a vitest suite: whatever a client sends over a socket, valid or not, is answered to the
 * letter like by any other adapter, the hostile corpus included; nothing of a request comes back, nothing is run twice,
 * and nothing that a handler does or a client breaks off harms the next delivery.
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
  })
}

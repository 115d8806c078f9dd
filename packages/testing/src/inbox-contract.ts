import { afterAll, beforeAll, describe } from 'vitest'
import { realTime } from './inbox-contract/attempts.js'
import { attemptsAtOnce, attemptsInTurn, keys, leases, responses } from './inbox-contract/cases.js'
import { redelivery } from './inbox-contract/redelivery.js'
import type { InboxCapabilities, InboxUnderTest, Subject } from './inbox-contract/subject.js'
import { transaction } from './inbox-contract/transaction.js'

export type {
  InboxCapabilities,
  InboxUnderTest,
  Redeliveries,
  RedeliveringReceiver,
  TxWrites,
} from './inbox-contract/subject.js'

/**
 * Registers the vitest suite that every delivery inbox must pass: claims, marks, releases, leases, fencing, a hundred
 * attempts at once, responses decided before a claim, keys that differ and keys that are hostile.
 *
 * Each case uses its own keys, so the store need not be empty.
 *
 * @param name - The inbox's name, for the titles.
 * @param create - Opens the inbox. Called once.
 * @param capabilities - The inbox's capabilities beyond that: `writes` if it gives handlers a transaction, `redeliveries` if it
 *   keeps claims, `startsAtOnce` if it never waits before the work. Each adds its cases.
 *
 * @example
 * ```ts
 * import { createMemoryInbox } from '@kinde-billing/core/receiver'
 * import { describeInbox } from '@kinde-billing/testing/inbox-contract'
 *
 * describeInbox('my inbox', () => ({ inbox: createMemoryInbox() }), { startsAtOnce: true })
 * ```
 */
export function describeInbox<Tx>(
  name: string,
  create: () => InboxUnderTest<Tx> | Promise<InboxUnderTest<Tx>>,
  { startsAtOnce = false, writes, redeliveries }: InboxCapabilities<Tx> = {},
): void {
  describe(`${name} satisfies the inbox contract`, () => {
    let opened: InboxUnderTest<Tx>
    const subject: Subject<Tx> = {
      once: (delivery, work) => opened.inbox.once(delivery, work),
      onceElsewhere: (delivery, work) => (opened.other ?? opened.inbox).once(delivery, work),
      pass: async (ms) => (opened.advance ? await opened.advance(ms) : await realTime(ms)),
      recordFailure: () => opened.inbox.recordFailure?.bind(opened.inbox),
    }
    // A store may take its time to start.
    beforeAll(async () => {
      opened = await create()
    }, 180_000)
    afterAll(() => opened?.close?.())

    describe('one attempt after another', () => attemptsInTurn(subject))
    describe('attempts at the same time', () => attemptsAtOnce(subject))
    describe('responses', () => responses(subject, startsAtOnce))
    describe('leases', () => leases(subject))
    describe('keys', () => keys(subject))
    if (writes) describe('the transaction', () => transaction(subject, writes))
    if (redeliveries) describe('redelivery', () => redelivery(subject, redeliveries))
  })
}

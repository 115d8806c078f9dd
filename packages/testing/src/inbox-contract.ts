import type { DeliveryInbox } from '@kinde-billing/core/receiver'
import { afterAll, beforeAll, describe } from 'vitest'
import { realTime } from './inbox-contract/attempts.js'
import { attemptsAtOnce, attemptsInTurn, keys, leases, type Subject, transaction } from './inbox-contract/cases.js'

/** An inbox as the suite needs it. */
export interface InboxUnderTest<Tx> {
  /** The inbox itself. */
  inbox: DeliveryInbox<Tx>
  /** A second inbox on the same store, as another process would have it. Default: the same inbox. */
  other?: DeliveryInbox<Tx> | undefined
  /** Moves the store's clock on. Without it the suite waits in real time, under a second at a time. */
  advance?: ((ms: number) => void | Promise<void>) | undefined
  /** Called once, after the last case. */
  close?: (() => void | Promise<void>) | undefined
}

/** For inboxes that lend a transaction: how a case writes through the tx, and what has been committed. */
export interface TxWrites<Tx> {
  /** Writes through the tx. */
  write(tx: Tx, value: string): Promise<void>
  /** What has been committed so far. */
  committed(): Promise<readonly string[]>
}

/**
 * What every delivery inbox must satisfy, as a vitest suite: claims, marks, releases, leases, fencing, a hundred
 * attempts at once, keys that differ and keys that are hostile. `create` is called once; each case uses keys of its
 * own, so a store that is not empty does no harm. With `writes`, the transaction that the tx stands for is judged too.
 *
 * @example
 * ```ts
 * import { createMemoryInbox } from '@kinde-billing/core/receiver'
 * import { describeInbox } from '@kinde-billing/testing/inbox-contract'
 *
 * describeInbox('my inbox', () => ({ inbox: createMemoryInbox() }))
 * ```
 */
export function describeInbox<Tx>(
  name: string,
  create: () => InboxUnderTest<Tx> | Promise<InboxUnderTest<Tx>>,
  writes?: TxWrites<Tx>,
): void {
  describe(`${name} satisfies the inbox contract`, () => {
    let made: InboxUnderTest<Tx>
    const subject: Subject<Tx> = {
      once: (delivery, work) => made.inbox.once(delivery, work),
      onceElsewhere: (delivery, work) => (made.other ?? made.inbox).once(delivery, work),
      pass: async (ms) => (made.advance ? await made.advance(ms) : await realTime(ms)),
    }
    // a store of its own may take its time to start
    beforeAll(async () => {
      made = await create()
    }, 60_000)
    afterAll(() => made?.close?.())

    describe('one attempt after another', () => attemptsInTurn(subject))
    describe('attempts at the same time', () => attemptsAtOnce(subject))
    describe('leases', () => leases(subject))
    describe('keys', () => keys(subject))
    if (writes) describe('the transaction', () => transaction(subject, writes))
  })
}

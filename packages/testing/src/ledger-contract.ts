import type { DeliveryLedger } from '@kinde-billing/core/receiver'
import { afterAll, beforeAll, describe } from 'vitest'
import { realTime } from './ledger-contract/attempts.js'
import { attemptsAtOnce, attemptsInTurn, keys, leases, type Subject, transaction } from './ledger-contract/cases.js'

/** A ledger as the suite needs it. */
export interface LedgerUnderTest<Scope> {
  /** The ledger itself. */
  ledger: DeliveryLedger<Scope>
  /** A second ledger on the same store, as another process would have it. Default: the same ledger. */
  other?: DeliveryLedger<Scope> | undefined
  /** Moves the store's clock on. Without it the suite waits in real time, under a second at a time. */
  advance?: ((ms: number) => void | Promise<void>) | undefined
  /** Called once, after the last case. */
  close?: (() => void | Promise<void>) | undefined
}

/** For ledgers that lend a transaction: how a case writes through the scope, and what has been committed. */
export interface ScopeWrites<Scope> {
  /** Writes through the scope. */
  write(scope: Scope, value: string): Promise<void>
  /** What has been committed so far. */
  committed(): Promise<readonly string[]>
}

/**
 * What every delivery ledger must satisfy, as a vitest suite: claims, marks, releases, leases, fencing, a hundred
 * attempts at once, keys that differ and keys that are hostile. `create` is called once; each case uses keys of its
 * own, so a store that is not empty does no harm. With `writes`, the transaction that the scope stands for is judged too.
 *
 * @example
 * ```ts
 * import { createMemoryLedger } from '@kinde-billing/core/receiver'
 * import { describeLedger } from '@kinde-billing/testing/ledger-contract'
 *
 * describeLedger('my ledger', () => ({ ledger: createMemoryLedger() }))
 * ```
 */
export function describeLedger<Scope>(
  name: string,
  create: () => LedgerUnderTest<Scope> | Promise<LedgerUnderTest<Scope>>,
  writes?: ScopeWrites<Scope>,
): void {
  describe(`${name} satisfies the ledger contract`, () => {
    let made: LedgerUnderTest<Scope>
    const subject: Subject<Scope> = {
      once: (delivery, work) => made.ledger.once(delivery, work),
      onceElsewhere: (delivery, work) => (made.other ?? made.ledger).once(delivery, work),
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

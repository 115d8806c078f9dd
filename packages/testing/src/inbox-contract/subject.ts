import type { DeliveryInbox, DeliveryOutcome } from '@kinde-billing/core/receiver'

/** An inbox as the suite needs it. */
export interface InboxUnderTest<Tx> {
  /** The inbox itself. */
  inbox: DeliveryInbox<Tx>
  /** A second inbox on the same store, as another process would have it. Default: the same inbox. */
  other?: DeliveryInbox<Tx> | undefined
  /** Moves the store's clock forward. Without it the suite waits in real time, under a second at a time. */
  advance?: ((ms: number) => void | Promise<void>) | undefined
  /** Called once, after the last case. */
  close?: (() => void | Promise<void>) | undefined
}

/** For inboxes that give handlers a transaction: how a case writes through `tx` and reads what has been committed. */
export interface TxWrites<Tx> {
  /** Writes through the tx. */
  write(tx: Tx, value: string): Promise<void>
  /** Reads everything committed so far. */
  committed(): Promise<readonly string[]>
}

/**
 * For inboxes that keep the claims of events that are not done: how a case reads them, requests a redelivery, and runs what
 * was requested. The endpoint's name is `billing`.
 */
export interface Redeliveries {
  /** Reads the claims that the store keeps of an event; `undefined` if it keeps none. */
  keptClaims(eventId: string): Promise<Record<string, unknown> | undefined>
  /** Requests a redelivery of these events; nothing runs yet. */
  request(eventIds: readonly string[], reason: string): Promise<unknown>
  /** Runs what is requested, each event through the receiver, which calls `once` with `redelivery: true`. */
  redeliver(receiver: RedeliveringReceiver): Promise<unknown>
  /** Erases the kept claims of one customer. Marks stay. */
  erase(customer: string): Promise<unknown>
}

/** The part of a receiver that a redelivery needs. */
export interface RedeliveringReceiver {
  /** The endpoint's name, as it stands in the keys of its deliveries. */
  readonly name: string
  /** Hands stored, verified claims to the handlers, under the same inbox. */
  redeliver(
    claims: Record<string, unknown>,
    options: { context: unknown; reason?: string | undefined },
  ): Promise<DeliveryOutcome>
}

/** The capabilities of an inbox beyond the contract of every inbox. Each adds its cases. */
export interface InboxCapabilities<Tx> {
  /**
   * The inbox calls the work before `once` returns, so no response can be decided before its claim, and it need not read
   * `delivery.answered`.
   */
  startsAtOnce?: boolean | undefined
  /** The inbox gives handlers a transaction. */
  writes?: TxWrites<Tx> | undefined
  /** The inbox keeps claims and redelivers them. */
  redeliveries?: Redeliveries | undefined
}

/** An opened inbox, as the cases call it. */
export interface Subject<Tx> {
  once: DeliveryInbox<Tx>['once']
  onceElsewhere: DeliveryInbox<Tx>['once']
  /** Lets time pass for the store. */
  pass(ms: number): Promise<void>
  /** Undefined if the inbox does not have it. */
  recordFailure(): DeliveryInbox<Tx>['recordFailure']
}

/** A lease that ends within a case. */
export const SHORT_LEASE_MS = 400

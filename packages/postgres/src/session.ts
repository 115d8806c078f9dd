import type { PostgresResult } from './pool.js'
import type { Statement } from './prepared-statements.js'

export type Rows = PostgresResult['rows']

/** One connection, from the moment it is taken until it is released or closed. */
export interface Session {
  /** The client that the open transaction runs on. */
  client(): object
  query(text: string, values?: unknown[]): Promise<Rows>
  /** Runs the statements in a transaction of their own, at read committed. */
  transaction(statements: readonly Statement[]): Promise<readonly Rows[]>
  /** Begins a transaction at read committed and runs the statements in it. `before` runs in a transaction of its own. */
  begin(statements: readonly Statement[], before?: readonly Statement[]): Promise<readonly Rows[]>
  /** Runs the statements and commits. If one fails, nothing is committed. */
  commit(statements: readonly Statement[]): Promise<void>
  /** Rolls back, and then runs the statements, if any, in a transaction of their own. */
  rollback(then?: readonly Statement[]): Promise<void>
  /** Returns the connection to the pool. */
  release(): void
  /** Closes the connection, which ends an open transaction. Does nothing after `release`. */
  destroy(): void
}

/** Where sessions come from. */
export interface Database {
  /** True if all sessions are one connection, on which each step waits for the one before. */
  readonly isSingle: boolean
  /** Takes a connection; `onLost` is called when it breaks. */
  open(onLost?: (error: Error) => void): Promise<Session>
  /**
   * Reserves a key within this process and returns the function that frees it; `undefined` if it is reserved already.
   * Only a database with a single connection needs it: there, a duplicate cannot ask whether another attempt is running.
   */
  reserve(key: string): (() => void) | undefined
  /** How many handlers may hold a connection at once. */
  readonly slots: HandlerSlots
}

/** Limits how many handlers hold a connection of the pool at the same time. */
export interface HandlerSlots {
  /** Returns true if queries of the application should go first. */
  mustYield(): boolean
  /** Takes a slot if one is free. */
  tryTake(): HandlerSlot | undefined
  /** Waits for a slot. Rejects with the signal's reason when it is aborted first. */
  take(signal: AbortSignal): Promise<HandlerSlot>
}

/** The right of one handler to hold a connection. */
export interface HandlerSlot {
  /** Calls `end` once the response is decided and the pool is exhausted. Returns the function that stops watching. */
  watch(answered: AbortSignal, end: (reason: Error) => void): () => void
  release(): void
}

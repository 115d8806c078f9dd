/** The result of a query, as far as the inbox reads it. */
export interface PostgresResult {
  /** The rows, by column name. */
  readonly rows: readonly Record<string, unknown>[]
}

/** A client of a pool, such as `PoolClient` of `pg`. */
export interface PostgresClient {
  /** Runs one statement with its parameters, or several statements without parameters. */
  query(text: string, values?: unknown[]): Promise<PostgresResult>
  /** Returns the client to the pool; with `true`, its connection must be closed instead. */
  release(destroy?: boolean): void
  /** Adds a listener for a connection that breaks while it is idle. */
  on?(event: 'error', listener: (error: Error) => void): unknown
  /** Removes the listener. */
  off?(event: 'error', listener: (error: Error) => void): unknown
}

/** A pool of connections: `Pool` of `pg`, or one with the same `connect()`, such as Neon's. */
export interface PostgresPool {
  /** Takes a client. */
  connect(): Promise<PostgresClient>
  /** How many callers wait for a connection, if the pool says so. */
  readonly waitingCount?: number
  /** How many connections are open. */
  readonly totalCount?: number
  /** How many of them are not in use. */
  readonly idleCount?: number
  /** The pool's settings. */
  readonly options?: {
    /** The most connections it opens. */
    readonly max?: number | null | undefined
  }
}

/** A transaction of PGlite. */
export interface EmbeddedTransaction {
  /** Runs one statement in the transaction. */
  query(text: string, values?: unknown[]): Promise<PostgresResult>
}

/** A Postgres inside the process, with one connection: PGlite. */
export interface EmbeddedPostgres {
  /** Runs one statement. */
  query(text: string, values?: unknown[]): Promise<PostgresResult>
  /** Runs the work in a transaction, which is committed if it resolves and undone if it rejects. */
  transaction<Result>(work: (transaction: EmbeddedTransaction) => Promise<Result>): Promise<Result>
}

/** Every kind of `pool` that the functions of this package take. */
export type AnyPostgresPool = PostgresPool | EmbeddedPostgres

/** The type of `delivery.tx`: the pool's own client type, or PGlite's transaction. */
export type PostgresTx<Pool> = Pool extends {
  /** As in {@link PostgresPool}. */
  connect: infer Connect
}
  ? Connected<Connect>
  : Pool extends {
        /** As in {@link EmbeddedPostgres}. */
        transaction(work: (transaction: infer Transaction) => Promise<unknown>): unknown
      }
    ? Transaction
    : never

// `pg` overloads connect() with a callback form that stands last, where inference would look for the client in vain.
type Connected<Connect> = Connect extends { (): Promise<infer Client>; (...rest: never[]): unknown }
  ? unknown extends Client
    ? Connect extends () => Promise<infer Only>
      ? Only
      : never
    : Client
  : never

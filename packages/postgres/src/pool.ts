/** What a query answers with, as far as the inbox reads it. */
export interface PostgresResult {
  /** The rows, by column name. */
  readonly rows: readonly Record<string, unknown>[]
}

/** A client that a pool lends, as `pg`'s `PoolClient` is. */
export interface PostgresClient {
  /** Runs one statement, with its parameters. */
  query(text: string, values?: unknown[]): Promise<PostgresResult>
  /** Gives the client back; with `true` its connection is closed instead. */
  release(destroy?: boolean): void
  /** Hears of a connection that breaks while nothing is asked of it. */
  on?(event: 'error', listener: (error: Error) => void): unknown
  /** Ends {@link PostgresClient.on}. */
  off?(event: 'error', listener: (error: Error) => void): unknown
}

/** A pool of connections: `pg`'s `Pool`, and whatever has the same `connect()`, such as Neon's. */
export interface PostgresPool {
  /** Lends a client. */
  connect(): Promise<PostgresClient>
}

/** The transaction that PGlite lends. */
export interface EmbeddedTransaction {
  /** Runs one statement in the transaction. */
  query(text: string, values?: unknown[]): Promise<PostgresResult>
}

/** A Postgres inside the process, with one connection: PGlite. */
export interface EmbeddedPostgres {
  /** Runs one statement. */
  query(text: string, values?: unknown[]): Promise<PostgresResult>
  /** Runs the work in a transaction: committed where it resolves, undone where it rejects. */
  transaction<Result>(work: (transaction: EmbeddedTransaction) => Promise<Result>): Promise<Result>
}

/** Whatever the inbox takes as `pool`. */
export type AnyPostgresPool = PostgresPool | EmbeddedPostgres

/** What handlers get as `delivery.tx`: the pool's own client type, or PGlite's transaction. */
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

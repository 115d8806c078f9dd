/** Values that are passed in place of a pool, by a member that only they have. */
const LOOKALIKES: readonly (readonly [member: string, name: string, fix: string])[] = [
  [
    'reserve',
    'a client of "postgres" (Postgres.js), which cannot close one of its connections',
    'Pass a Pool of "pg" on the same database; your other code may keep Postgres.js',
  ],
  ['$client', 'a Drizzle database', 'Pass the Pool that you created it with, and call drizzle(tx) in handlers'],
  ['selectFrom', 'a Kysely', 'Pass the Pool of its dialect, and create a Kysely on delivery.tx in handlers'],
  [
    'createQueryRunner',
    'a DataSource of TypeORM',
    'Pass a Pool of "pg", and run a query runner on delivery.tx in handlers',
  ],
  ['$transaction', 'a PrismaClient', 'Pass a Pool of "pg", the one of its adapter for example'],
  [
    'escapeIdentifier',
    'a Client, which is one connection that opens once',
    'Pass a Pool, and release its clients where you take them',
  ],
  ['raw', 'a Knex', 'Pass a Pool of "pg", and call knex.transaction(work, { connection: tx }) in handlers'],
  [
    'transaction',
    'the HTTP client of Neon, which has no interactive transactions',
    'Pass a Pool of "@neondatabase/serverless"',
  ],
]

/** A client of `pg` or Neon has a `connect()` too, but it is one connection, which it opens once. */
export function isSingleClient(value: object): boolean {
  return 'escapeIdentifier' in value
}

/** Names what was passed in place of a pool, and the fix. Only for values that are no pool. */
export function describeUnfitPool(value: unknown): string {
  const members = typeof value === 'object' || typeof value === 'function' ? value : null
  const found = LOOKALIKES.find(([member]) => members !== null && member in members)
  if (found === undefined)
    return 'pool: has neither connect() nor transaction(). Pass a Pool of "pg", one that is compatible, or a PGlite.'
  const [, name, fix] = found
  return `pool: this is ${name}. ${fix}.`
}

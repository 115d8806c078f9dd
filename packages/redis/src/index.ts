export type { IoRedisClient, NodeRedisClient, RedisClient } from './client.js'
export { createRedisLedger, type RedisLedgerOptions } from './ledger.js'

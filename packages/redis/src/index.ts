export type { IoRedisClient, NodeRedisClient, RedisClient } from './client.js'
export { createRedisInbox, type RedisInboxOptions } from './inbox.js'

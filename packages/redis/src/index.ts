export type { IoRedisClient, NodeRedisClient, RedisClient, UpstashRedisClient } from './client.js'
export { createRedisInbox, type RedisInboxOptions } from './inbox.js'

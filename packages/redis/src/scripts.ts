/*
 * One key, a hash, holds everything about a delivery:
 *   token    of the attempt that claimed it
 *   until    when the claim ends, in epoch milliseconds by the server's clock; absent once the delivery is marked as done
 * The token is the fence: it is random, and only the attempt that wrote it may mark or release.
 *
 * A mark removes a field and a release removes the key: a server that has reached `maxmemory` refuses a new claim, but never the
 * mark of work that has run.
 *
 * Clients send a command again if the connection broke before its answer. So each script, run twice by one attempt, answers
 * the same both times.
 *
 * A claim stays in the store beyond its end, for as long as a mark would: an attempt that ends late can still be marked,
 * unless another attempt took over.
 */

export const CLAIMED = 1
export const DONE = 2
export const IN_PROGRESS = 3

/** ARGV: token, lease in ms, lifetime of the key in ms. */
export const CLAIM: string = `
local kind = redis.call('TYPE', KEYS[1]).ok
local claim = kind == 'hash' and redis.call('HMGET', KEYS[1], 'token', 'until') or {}
if kind ~= 'none' and not claim[1] then return redis.error_reply('ERR the key holds a value that the inbox did not write') end
if claim[1] and not claim[2] then return ${DONE} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if claim[1] and claim[1] ~= ARGV[1] and tonumber(claim[2]) > now then return ${IN_PROGRESS} end
redis.call('HSET', KEYS[1], 'token', ARGV[1], 'until', string.format('%.0f', now + ARGV[2]))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return ${CLAIMED}
`

/** ARGV: token, lifetime of the mark in ms. Returns 1 if the delivery is marked, 0 if the claim was lost. */
export const MARK: string = `
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[1], 'until')
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
`

const HOLDS_CLAIM = `
local claim = redis.call('HMGET', KEYS[1], 'token', 'until')
local holds = claim[1] == ARGV[1] and claim[2]
`

/** ARGV: token. Always returns 1. */
export const RELEASE: string = `${HOLDS_CLAIM}
if holds then redis.call('DEL', KEYS[1]) end
return 1
`

/** ARGV: token. Returns 1 while the store still has the claim and no other attempt took over, else 0. */
export const HOLDS: string = `${HOLDS_CLAIM}
if holds then return 1 end
return 0
`

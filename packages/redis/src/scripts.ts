/*
 * One key holds all that is known of a delivery:
 *   "claim <token> <deadline>"   an attempt is at work until <deadline>, in epoch milliseconds by the server's clock
 *   "done <token>"               the mark
 * The token is the fence: random, and only the attempt that wrote it may turn its claim into a mark or give it back.
 *
 * Clients send a command again when its answer was lost with the connection. So each script, run twice by the same
 * attempt, answers the second time as it did the first.
 *
 * A claim outlives its deadline in the store, up to the time a mark would: an attempt that ends late may still be marked,
 * unless another has taken over.
 */

export const CLAIMED = 1
export const DONE = 2
export const IN_PROGRESS = 3

/** ARGV: token, lease in ms, life of the key in ms. */
export const CLAIM: string = `
local value = redis.call('GET', KEYS[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if value then
  if string.sub(value, 1, 5) == 'done ' then return ${DONE} end
  local token, deadline = string.match(value, '^claim (%S+) (%d+)$')
  if not token then return redis.error_reply('ERR the key holds a value that the inbox has not written') end
  if token ~= ARGV[1] and tonumber(deadline) > now then return ${IN_PROGRESS} end
end
local deadline = string.format('%.0f', now + ARGV[2])
redis.call('SET', KEYS[1], 'claim ' .. ARGV[1] .. ' ' .. deadline, 'PX', ARGV[3])
return ${CLAIMED}
`

const HOLDS_CLAIM = `
local value = redis.call('GET', KEYS[1])
local claim = 'claim ' .. ARGV[1] .. ' '
local holds = value and string.sub(value, 1, #claim) == claim
`

/** ARGV: token, life of the mark in ms. 1 where the mark stands, 0 where the claim is lost. */
export const MARK: string = `${HOLDS_CLAIM}
if holds then redis.call('SET', KEYS[1], 'done ' .. ARGV[1], 'PX', ARGV[2]) end
if holds or value == 'done ' .. ARGV[1] then return 1 end
return 0
`

/** ARGV: token. */
export const RELEASE: string = `${HOLDS_CLAIM}
if holds then redis.call('DEL', KEYS[1]) end
return 1
`

/** ARGV: token. 1 while nobody has taken the claim over, and the store has not lost it. */
export const HOLDS: string = `${HOLDS_CLAIM}
if holds then return 1 end
return 0
`

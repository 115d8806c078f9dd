/** Runs one attempt in a separate process, which stops at the place where the test kills it, and prints its progress. */
import type { InboxDelivery } from '@kinde-billing/core/receiver'
import { createClient } from 'redis'
import { createRedisInbox } from '../src/index.js'
import { CLAIM, MARK } from '../src/scripts.js'

export interface AttemptSettings {
  url: string
  delivery: Omit<InboxDelivery, 'occurredAt'>
  stopAt: 'after the claim' | 'in the handler' | 'before the mark' | 'nowhere'
}

const { url, delivery, stopAt }: AttemptSettings = JSON.parse(process.argv[2] ?? '')
const say = (line: string): void => void process.stdout.write(`${line}\n`)

async function stopFor(place: AttemptSettings['stopAt']): Promise<void> {
  if (place !== stopAt) return
  say('stopped')
  // The test lets a process that it froze and thawed go on with this signal.
  await new Promise((resolve) => process.once('SIGUSR2', resolve))
}

const client = await createClient({ url }).connect()
const stopping = {
  async eval(script: string, options: { keys: string[]; arguments: string[] }) {
    if (script === MARK) await stopFor('before the mark')
    const answer = await client.eval(script, options)
    if (script === CLAIM) await stopFor('after the claim')
    return answer
  },
}

const outcome = await createRedisInbox({ client: stopping })
  .once({ ...delivery, occurredAt: new Date() }, async (_, signal) => {
    await client.incr(`runs of ${delivery.eventId}`)
    signal.addEventListener('abort', () => say('aborted'))
    await stopFor('in the handler')
  })
  .catch((error: unknown) => `rejected ${error}`)
say(`outcome ${outcome}`)
client.destroy()

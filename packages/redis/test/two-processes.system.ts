import { isInstalled } from '@kinde-billing/test-support/installed'
import { startRedis } from '@kinde-billing/test-support/redis-server'
import { describeTwoProcesses, type SharedStore } from '@kinde-billing/test-support/two-processes'
import { createClient } from 'redis'
import { describe, expect } from 'vitest'

async function openRedis(): Promise<SharedStore> {
  const server = await startRedis()
  const client = await createClient({ url: server.url }).connect()
  return {
    url: server.url,
    async effects() {
      const counts = await client.hGetAll('effects')
      return new Map(Object.entries(counts).map(([eventId, count]) => [eventId, Number(count)]))
    },
    async close() {
      client.destroy()
      await server.close()
    },
  }
}

describe.runIf(isInstalled('redis-server'))('on a real server', () => {
  describeTwoProcesses(
    'two processes on one Redis',
    new URL('./receiver-process.ts', import.meta.url),
    openRedis,
    (effects, runs) => {
      for (const [eventId, count] of effects) {
        expect(count, 'none lost').toBeGreaterThanOrEqual(1)
        expect(count, 'no effect without a run').toBeLessThanOrEqual(
          runs.filter((run) => run.eventId === eventId).length,
        )
      }
    },
  )
})

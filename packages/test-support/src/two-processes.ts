import { billingEventFixture } from '@kinde-billing/testing'
import { latch } from '@kinde-billing/testing/inbox-contract/attempts'
import { startTestIssuer, type TestIssuerServer } from '@kinde-billing/testing/server'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { deliverThroughFaults, killOne, type ReceiverPair, startReceiver } from './receiver-processes.js'
import { type Run, type RunLog, startRunLog } from './run-log.js'

/** A store that the processes share. */
export interface SharedStore {
  url: string
  /** Counts how often each event took effect, by its id. */
  effects(): Promise<Map<string, number>>
  close(): Promise<void>
}

/** Registers the suite for two receivers on one store, over HTTP: duplicates at the same time, and kills at random. */
export function describeTwoProcesses(
  name: string,
  script: URL,
  open: () => Promise<SharedStore>,
  assertEffects: (effects: Map<string, number>, runs: readonly Run[]) => void,
  { events, kills }: { events: number; kills: number } = { events: 1000, kills: 10 },
): void {
  describe(name, () => {
    let store: SharedStore
    let issuer: TestIssuerServer
    let log: RunLog
    let receivers: ReceiverPair
    const killed = new Set<string>()

    beforeAll(async () => {
      ;[store, issuer, log] = await Promise.all([open(), startTestIssuer(), startRunLog()])
      const settings = { issuer: issuer.issuer, storeUrl: store.url, log: log.url }
      receivers = await Promise.all([startReceiver(script, settings, killed), startReceiver(script, settings, killed)])
    })
    beforeEach(() => {
      log.runs.length = 0
      log.whenStarted = async () => {}
    })
    afterAll(async () => {
      await Promise.all([...receivers.map((receiver) => receiver.stop()), log.close(), issuer.close()])
      await store.close()
    })

    const newToken = (eventId: string = crypto.randomUUID()) =>
      issuer.sign(billingEventFixture('customer.payment_succeeded', { event_id: eventId }))

    /** Delivers one token a hundred times, to both. `end` decides the handler's end once 99 are answered. */
    async function deliverHundred(token: string, end: (handler: ReturnType<typeof latch>) => void): Promise<number[]> {
      const handler = latch()
      log.whenStarted = () => handler.opened
      const statuses: number[] = []
      const deliveries = Array.from({ length: 100 }, async (_, index) => {
        statuses.push((await receivers[index % 2 === 0 ? 0 : 1].deliver(token)) ?? 0)
        if (statuses.length === 99) end(handler)
      })
      await Promise.all(deliveries)
      return statuses
    }

    it('run one of a hundred duplicates, and answer none with 200 before it has finished', async () => {
      const token = await newToken()
      const statuses = await deliverHundred(token, (handler) => handler.open())
      expect(statuses).toEqual([...Array<number>(99).fill(409), 200])
      for (const receiver of receivers) expect(await receiver.deliver(token)).toBe(200)
      expect(log.runs).toHaveLength(1)
    })

    it('answer none of a hundred with 200 if the handler fails, and run the next attempt', async () => {
      const token = await newToken()
      const statuses = await deliverHundred(token, (handler) => handler.fail(new Error('fail')))
      expect(statuses).toEqual([...Array<number>(99).fill(409), 500])
      log.whenStarted = async () => {}
      expect(await receivers[1].deliver(token)).toBe(200)
      expect(log.runs).toHaveLength(2)
    })

    /** Holds handlers until both processes are killed, so that at least one handler is interrupted. */
    async function interruptHandlers(): Promise<void> {
      const handler = latch()
      await new Promise<void>((resolve) => {
        log.whenStarted = () => {
          resolve()
          return handler.opened
        }
      })
      for (const receiver of receivers) await receiver.restart()
      log.whenStarted = async () => {}
      handler.open()
    }

    it(`lose none of ${events} events through kills at random, and repeat a handler only after a kill`, async () => {
      const eventIds = Array.from({ length: events }, () => crypto.randomUUID())
      const faults = [interruptHandlers, ...Array.from({ length: kills - 1 }, () => () => killOne(receivers))]
      await deliverThroughFaults(await Promise.all(eventIds.map(newToken)), receivers, faults)

      for (const eventId of eventIds) {
        const runs = log.runs.filter((run) => run.eventId === eventId)
        expect(runs.at(-1)?.ended).toBe(true)
        expect(runs.slice(0, -1).filter(({ instance }) => !killed.has(instance))).toEqual([])
      }
      // A killed handler has no end.
      expect(log.runs.length).toBeGreaterThan(eventIds.length)
      const effects = await store.effects()
      assertEffects(new Map(eventIds.map((eventId) => [eventId, effects.get(eventId) ?? 0])), log.runs)
    }, 600_000)
  })
}

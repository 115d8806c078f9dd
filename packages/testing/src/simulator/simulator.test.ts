import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { BILLING_EVENT_TYPES, type BillingEvent } from '@kinde-billing/core'
import { createMemoryInbox, createWebHandler } from '@kinde-billing/core/receiver'
import { describe, expect, it } from 'vitest'
import { billingEventFixture, createTestIssuer } from '../index.js'
import {
  createSimulatedClock,
  KINDE_ATTEMPTS_MS,
  KINDE_DISABLES_AFTER_MS,
  type SimulatedEndpoint,
  simulateDeliveries,
} from './index.js'

const START = Date.UTC(2026, 0, 1)
const HOUR = 3_600_000
const CALM = { duplicates: 0, lostAnswers: 0, reorderMs: 0 }
const issuer = await createTestIssuer()

/** Receivers on the simulation's clock, and the events that their handlers have finished. */
function application(handle: (event: BillingEvent) => unknown = () => {}) {
  const clock = createSimulatedClock(START)
  const inbox = createMemoryInbox({ now: clock.now })
  const runs: BillingEvent[] = []
  const endpoint = (name: string) =>
    createWebHandler({
      issuer: issuer.issuer,
      jwks: issuer.jwks,
      now: clock.now,
      inbox,
      name,
      onOutcome: () => {},
      onEvent: async (event) => {
        await handle(event)
        runs.push(event)
      },
    })
  return { clock, runs, endpoint }
}

const answers =
  (status: number): SimulatedEndpoint =>
  () =>
    new Response(null, { status })

describe('the schedule', () => {
  it('tries ten times in 36 h, moves the clock each time, and gives up', async () => {
    const clock = createSimulatedClock(START)
    const times: number[] = []
    const report = await simulateDeliveries({
      ...CALM,
      issuer,
      clock,
      events: ['customer.payment_failed'],
      endpoints: {
        billing: () => {
          times.push(clock.now() - START)
          return new Response(null, { status: 503 })
        },
      },
    })
    expect(times).toStrictEqual(KINDE_ATTEMPTS_MS)
    expect(times.at(-1)).toBe(36 * HOUR)
    expect(report.durationMs).toBe(36 * HOUR)
    expect(report.endpoints).toStrictEqual({ billing: { attempts: 10, disabledAtMs: undefined } })
    expect(report.deliveries).toMatchObject([{ isGivenUp: true, deliveredAtMs: undefined, endpoint: 'billing' }])
    expect(report.deliveries[0]?.attempts.map(({ status }) => status)).toStrictEqual(Array(10).fill(503))
  })

  it('stops at exactly 200, and tries again after a 204 or a redirect', async () => {
    const statuses = [204, 302, 200, 500]
    const { deliveries } = await simulateDeliveries({
      ...CALM,
      issuer,
      clock: createSimulatedClock(START),
      events: ['customer.payment_failed'],
      endpoints: { billing: () => new Response(null, { status: statuses.shift() ?? 500 }) },
    })
    expect(deliveries[0]).toMatchObject({ deliveredAtMs: 30_000, isGivenUp: false })
    expect(deliveries[0]?.attempts).toHaveLength(3)
  })

  it('sends the same token and webhook-id on every attempt, and another webhook-id to each endpoint', async () => {
    const sent: string[] = []
    const endpoint: SimulatedEndpoint = async (request) => {
      sent.push(`${request.headers.get('webhook-id')} ${await request.text()}`)
      return new Response(null, { status: 500 })
    }
    const { deliveries } = await simulateDeliveries({
      ...CALM,
      issuer,
      clock: createSimulatedClock(START),
      events: ['customer.payment_failed'],
      endpoints: { one: endpoint, two: endpoint },
    })
    expect(sent).toHaveLength(20)
    expect(new Set(sent).size).toBe(2)
    expect(new Set(deliveries.map(({ webhookId }) => webhookId)).size).toBe(2)
    expect(new Set(deliveries.map(({ eventId }) => eventId)).size).toBe(1)
  })

  it('renews the timestamp with renewTimestamps, and keeps the time of the event', async () => {
    const seen: string[] = []
    const { clock, endpoint } = application((event) => {
      seen.push(`${event.timestamp.getTime() - START} ${event.occurredAt.getTime() - START}`)
      throw new Error('not yet')
    })
    await simulateDeliveries({
      ...CALM,
      issuer,
      clock,
      events: ['customer.payment_failed'],
      endpoints: { billing: endpoint('billing') },
      renewTimestamps: true,
    })
    expect(seen).toStrictEqual(KINDE_ATTEMPTS_MS.map((atMs) => `${atMs} 0`))
  })

  it('disables an endpoint without a success for 72 h, and goes on with the others', async () => {
    const run = (isUpAgain: (sinceStartMs: number) => boolean) => {
      const clock = createSimulatedClock(START)
      return simulateDeliveries({
        ...CALM,
        issuer,
        clock,
        events: Array.from({ length: 8 }, () => 'customer.payment_failed' as const),
        spacingMs: 12 * HOUR,
        endpoints: {
          down: () => new Response(null, { status: isUpAgain(clock.now() - START) ? 200 : 500 }),
          up: answers(200),
        },
      })
    }
    const consistent = await run(() => false)
    expect(consistent.endpoints['down']?.disabledAtMs).toBe(KINDE_DISABLES_AFTER_MS)
    expect(consistent.deliveries.at(-2)).toMatchObject({ endpoint: 'down', attempts: [], isGivenUp: true })
    expect(consistent.deliveries.filter(({ endpoint }) => endpoint === 'up').every((one) => !one.isGivenUp)).toBe(true)

    const oneSuccess = await run((sinceStartMs) => sinceStartMs === 48 * HOUR)
    expect(oneSuccess.endpoints['down']?.disabledAtMs).toBeUndefined()
  })
})

describe('a rough network', () => {
  it('lets an application with an inbox handle each event exactly once', async () => {
    const failing = new Map<string, number>()
    const { clock, runs, endpoint } = application((event) => {
      const failures = failing.get(event.id) ?? 0
      failing.set(event.id, failures + 1)
      if (failures < event.id.charCodeAt(9) % 3) throw new Error('the database is away')
    })
    const { deliveries, endpoints } = await simulateDeliveries({
      issuer,
      clock,
      events: Array.from(
        { length: 80 },
        (_, index) => BILLING_EVENT_TYPES[index % BILLING_EVENT_TYPES.length] ?? 'customer.plan_changed',
      ),
      endpoints: { one: endpoint('one'), two: endpoint('two') },
      duplicates: 0.5,
      lostAnswers: 0.3,
      seed: 7,
    })
    expect(deliveries).toHaveLength(160)
    expect(deliveries.filter(({ isGivenUp }) => isGivenUp)).toStrictEqual([])
    expect(runs).toHaveLength(160)
    expect(new Set(runs.map(({ id }) => id)).size).toBe(80)

    const attempts = deliveries.flatMap((delivery) => delivery.attempts)
    expect(attempts).toHaveLength((endpoints['one']?.attempts ?? 0) + (endpoints['two']?.attempts ?? 0))
    const isTwin = ({ kind, atMs }: { kind: string; atMs: number }, all: readonly { kind: string; atMs: number }[]) =>
      kind === 'duplicate' && all.some((other) => other.kind === 'scheduled' && other.atMs === atMs)
    expect(deliveries.some((one) => one.attempts.some((attempt) => isTwin(attempt, one.attempts)))).toBe(true)
    expect(
      attempts.some(({ kind, status, isAnswerLost }) => isAnswerLost && status === 200 && kind === 'scheduled'),
    ).toBe(true)
    const order = runs.map(({ occurredAt }) => occurredAt.getTime())
    expect(order).not.toStrictEqual(order.toSorted((a, b) => a - b))
  })

  it('repeats a run for the same seed, and differs for another seed', async () => {
    const run = async (seed: number) => {
      let calls = 0
      // An endpoint whose answers depend on the order of the calls alone: a receiver's depend on which of two attempts at
      // the same moment is verified first.
      const endpoint = () => {
        calls += 1
        return new Response(`call ${calls}`, { status: calls % 3 === 0 ? 200 : 500 })
      }
      const events = BILLING_EVENT_TYPES.map((type) => ({ type, source: 'api' }))
      const clock = createSimulatedClock(START)
      return simulateDeliveries({
        issuer,
        clock,
        events,
        endpoints: { a: endpoint, b: endpoint },
        duplicates: 0.5,
        seed,
      })
    }
    expect(await run(3)).toStrictEqual(await run(3))
    expect(await run(3)).not.toStrictEqual(await run(4))
  })

  it('tries again after a lost response, although the endpoint has handled the event', async () => {
    const { clock, runs, endpoint } = application()
    const { deliveries } = await simulateDeliveries({
      ...CALM,
      lostAnswers: 1,
      issuer,
      clock,
      events: ['customer.payment_failed'],
      endpoints: { billing: endpoint('billing') },
    })
    expect(runs).toHaveLength(1)
    expect(deliveries[0]).toMatchObject({ isGivenUp: true })
    expect(deliveries[0]?.attempts.map(({ body }) => body)).toStrictEqual([
      '{"status":"processed"}',
      ...Array(9).fill('{"status":"duplicate"}'),
    ])
  })
})

describe('events and endpoints', () => {
  it('accepts types, fixtures, partial claims, and types without a fixture', async () => {
    const { clock, runs, endpoint } = application()
    const fixture = billingEventFixture('customer.plan_changed', { timestamp: '2026-01-01T10:00:00+10:00' })
    const { deliveries } = await simulateDeliveries({
      ...CALM,
      issuer,
      clock,
      events: [
        fixture,
        { type: 'customer.plan_assigned', event_id: 'event_1', data: { plan: { code: 'gold' } } },
        'customer.payment_failed',
        { type: 'user.created', data: { user: { id: 'kp_1' } } },
      ],
      dialect: 'nested',
      endpoints: { billing: endpoint('billing') },
    })
    expect(deliveries.map(({ type }) => type)).toStrictEqual([
      'customer.plan_changed',
      'customer.plan_assigned',
      'customer.payment_failed',
      'user.created',
    ])
    expect(deliveries.every(({ deliveredAtMs }) => deliveredAtMs !== undefined)).toBe(true)
    expect(deliveries.at(-1)?.attempts).toMatchObject([{ body: '{"status":"unsupported"}' }])
    expect(runs[0]?.claims).toStrictEqual(fixture)
    expect(runs[1]).toMatchObject({ id: 'event_1', plan: { code: 'gold' }, occurredAt: new Date(START + 10_000) })
    expect(runs[2]?.customer.kind).toBe('organization')
  })

  it('posts to a URL, and counts an endpoint that throws or stays silent as no response', async () => {
    const requests: string[] = []
    const server = createServer((request, response) => {
      requests.push(`${request.method} ${request.headers['content-type']}`)
      if (requests.length === 1) return void request.socket.destroy()
      response.writeHead(200).end('thanks')
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const simulation = {
      ...CALM,
      issuer,
      clock: createSimulatedClock(START),
      events: ['customer.payment_failed'] as const,
    }
    const { deliveries } = await simulateDeliveries({
      ...simulation,
      endpoints: {
        url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`),
        throwing: () => Promise.reject(new Error('boom')),
      },
    })
    // By itself: an answer over a socket may take longer than this limit.
    const silence = await simulateDeliveries({
      ...simulation,
      answerTimeoutMs: 20,
      endpoints: { silent: () => new Promise<Response>(() => {}) },
    })
    await new Promise((resolve) => server.close(resolve))
    expect(requests).toStrictEqual(Array(2).fill('POST application/jwt'))
    expect(deliveries[0]?.attempts).toMatchObject([{ status: undefined }, { status: 200, body: 'thanks' }])
    for (const delivery of [...deliveries.slice(1), ...silence.deliveries]) {
      expect(delivery.attempts).toHaveLength(10)
      expect(delivery.attempts.every(({ status }) => status === undefined)).toBe(true)
    }
  })

  it('refuses numbers out of range, and names the option', async () => {
    const base = { issuer, clock: createSimulatedClock(), events: [], endpoints: {} }
    await expect(simulateDeliveries({ ...base, duplicates: 2 })).rejects.toThrow('duplicates is 2: pass a share')
    await expect(simulateDeliveries({ ...base, lostAnswers: Number.NaN })).rejects.toThrow('lostAnswers is NaN')
    await expect(simulateDeliveries({ ...base, spacingMs: -1 })).rejects.toThrow('spacingMs is -1: pass milliseconds')
    expect(await simulateDeliveries(base)).toStrictEqual({ deliveries: [], endpoints: {}, durationMs: 0 })
  })
})

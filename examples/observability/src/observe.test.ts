import { DiscardEvent } from '@kinde-billing/core/receiver'
import { type BillingEventClaims, billingEventFixture, deliver } from '@kinde-billing/testing'
import { startTestIssuer } from '@kinde-billing/testing/server'
import { SpanStatusCode } from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createApp } from './app.js'

const lines: Record<string, unknown>[] = []
const log = pino({ base: null, timestamp: false }, { write: (line) => void lines.push(JSON.parse(line)) })
const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
const meters = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter })] })
const spans = new InMemorySpanExporter()
const traces = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] })

/** Errors that the application's handlers throw, by event id. */
const failures = new Map<string, Error>()

let issuer: Awaited<ReturnType<typeof startTestIssuer>>
let app: ReturnType<typeof createApp>
let endpoint: string
beforeAll(async () => {
  issuer = await startTestIssuer()
  app = createApp(
    { log, meter: meters.getMeter('test'), tracer: traces.getTracer('test') },
    {
      issuer: issuer.issuer,
      on: {
        'customer.payment_failed': (event) => {
          const failure = failures.get(event.id)
          if (failure) throw failure
        },
      },
    },
  )
  endpoint = `${await app.listen({ port: 0 })}/webhooks/kinde`
})
afterAll(async () => {
  await app.close()
  await issuer.close()
  await meters.shutdown()
  await traces.shutdown()
})

async function deliverEvent(claims: BillingEventClaims): Promise<void> {
  await deliver(endpoint, await issuer.sign(claims), { webhookId: 'webhook_1' })
}

it('logs, counts and traces each delivery by event type and outcome', async () => {
  const paid = billingEventFixture('customer.payment_failed', { event_id: 'event_good' })
  const failing = billingEventFixture('customer.payment_failed', { event_id: 'event_failing' })
  const hopeless = billingEventFixture('customer.payment_failed', { event_id: 'event_hopeless' })
  failures.set('event_failing', new Error('the database is down'))
  failures.set('event_hopeless', new DiscardEvent('a former customer'))

  await deliverEvent(paid)
  await deliverEvent(paid)
  await deliverEvent(failing)
  await deliverEvent(hopeless)
  await deliverEvent(billingEventFixture('customer.plan_changed', { event_id: 'event_unhandled' }))
  await deliverEvent(billingEventFixture('customer.plan_changed', { type: 'user.updated' }))
  await deliver(endpoint, 'a.forged.token', { webhookId: 'webhook_1' })

  const expected = [
    ['customer.payment_failed', 'processed', 200],
    ['customer.payment_failed', 'duplicate', 200],
    ['customer.payment_failed', 'handler_failed', 500],
    ['customer.payment_failed', 'discarded', 200],
    ['customer.plan_changed', 'ignored', 200],
    ['other', 'unsupported', 200],
    ['unknown', 'malformed_token', 401],
  ]
  expect(
    spans
      .getFinishedSpans()
      .map(({ attributes }) => [
        attributes['kinde.event.type'],
        attributes['kinde.delivery.outcome'],
        attributes['http.response.status_code'],
      ]),
  ).toEqual(expected)
  expect(spans.getFinishedSpans().map(({ status }) => status.code === SpanStatusCode.ERROR)).toEqual(
    expected.map(([, outcome]) => outcome === 'handler_failed'),
  )
  expect(await counts()).toEqual(expected.map(([type, outcome]) => [type, outcome, 1]))

  const told = lines.filter(({ outcome }) => outcome !== undefined)
  expect(told.map(({ level, outcome }) => [level, outcome])).toEqual([
    [30, 'processed'],
    [30, 'duplicate'],
    [50, 'handler_failed'],
    [40, 'discarded'],
    [40, 'ignored'],
    [30, 'unsupported'],
    [40, 'malformed_token'],
  ])
  expect(told[0]).toMatchObject({
    eventType: 'customer.payment_failed',
    eventId: 'event_good',
    webhookId: 'webhook_1',
    status: 200,
  })
  expect(told[2]).toMatchObject({ err: { message: 'the database is down' } })
  expect(told[3]).toMatchObject({ reason: 'a former customer' })
})

it('reports nothing of a token or of data', async () => {
  const token = await issuer.sign(
    billingEventFixture('customer.payment_failed', { data: { secret: 'of the customer' } }),
  )
  await deliver(endpoint, token)
  await deliver(endpoint, `${token.slice(0, -4)}AAAA`)
  const told = JSON.stringify([lines, spans.getFinishedSpans().map(({ attributes }) => attributes)])
  for (const secret of [...token.split('.'), 'of the customer']) expect(told).not.toContain(secret)
})

async function counts(): Promise<unknown[]> {
  await meters.forceFlush()
  const metrics = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
  const deliveries = metrics.findLast(({ descriptor }) => descriptor.name === 'kinde_billing.deliveries')
  return (deliveries?.dataPoints ?? []).map(({ attributes, value }) => [
    attributes['kinde.event.type'],
    attributes['kinde.delivery.outcome'],
    value,
  ])
}

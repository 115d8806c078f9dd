import { DiscardEvent } from '@kinde-billing/core/receiver'
import { type BillingEventClaims, billingEventFixture, deliver } from '@kinde-billing/testing'
import { startTestIssuer } from '@kinde-billing/testing/server'
import { context, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
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
const tracer = traces.getTracer('test')

/** Errors that the application's handlers throw, by event id. */
const failures = new Map<string, Error>()

let issuer: Awaited<ReturnType<typeof startTestIssuer>>
let app: ReturnType<typeof createApp>
let endpoint: string
beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  issuer = await startTestIssuer()
  app = createApp(
    { log, meter: meters.getMeter('test'), tracer },
    {
      issuer: issuer.issuer,
      on: {
        'customer.payment_failed': async (event) => {
          await Promise.resolve()
          tracer.startSpan('ask for another card').end()
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
  context.disable()
})

async function deliverEvent(claims: BillingEventClaims): Promise<void> {
  await deliver(endpoint, await issuer.sign(claims), { webhookId: 'webhook_1' })
}

it('logs and counts each delivery by event type and outcome', async () => {
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

it('has a consumer span for each run of the handlers, with their own spans as children', () => {
  const all = spans.getFinishedSpans()
  const runs = all.filter(({ kind }) => kind === SpanKind.CONSUMER)
  // a duplicate, and events without a handler, run nothing
  expect(runs.map(({ attributes }) => attributes['messaging.message.id'])).toEqual([
    'event_good',
    'event_failing',
    'event_hopeless',
  ])
  expect(runs[0]).toMatchObject({
    name: 'process billing',
    attributes: {
      'messaging.system': 'kinde',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': 'billing',
      'kinde.event.type': 'customer.payment_failed',
      'kinde.redelivery': false,
    },
    status: { code: SpanStatusCode.UNSET },
  })
  expect(runs[1]).toMatchObject({ attributes: { 'error.type': 'Error' }, status: { code: SpanStatusCode.ERROR } })
  expect(runs[1]?.events[0]?.attributes).toMatchObject({ 'exception.message': 'the database is down' })
  expect(runs[2]).toMatchObject({ attributes: { 'kinde.discarded': true }, status: { code: SpanStatusCode.UNSET } })
  expect(runs[2]?.attributes).not.toHaveProperty('error.type')

  const children = all.filter(({ name }) => name === 'ask for another card')
  expect(children.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual(
    runs.map((run) => run.spanContext().spanId),
  )
})

it('measures the handlers in seconds, by type and error', async () => {
  const points = await metric('messaging.process.duration')
  const common = {
    'messaging.system': 'kinde',
    'messaging.operation.name': 'process',
    'messaging.destination.name': 'billing',
    'kinde.event.type': 'customer.payment_failed',
  }
  expect(points.map(({ attributes }) => attributes)).toEqual([common, { ...common, 'error.type': 'Error' }])
  expect(points.map(({ value }) => value)).toEqual([
    expect.objectContaining({ count: 2 }),
    expect.objectContaining({ count: 1 }),
  ])
})

it('tells when Kinde last delivered something', async () => {
  const [point] = await metric('kinde_billing.last_delivery.timestamp_seconds')
  expect(Math.abs(Number(point?.value) - Date.now() / 1000)).toBeLessThan(120)
})

it('reports nothing of a token or of data', async () => {
  const token = await issuer.sign(
    billingEventFixture('customer.payment_failed', { data: { secret: 'of the customer' } }),
  )
  await deliver(endpoint, token)
  await deliver(endpoint, `${token.slice(0, -4)}AAAA`)
  const told = JSON.stringify([lines, spans.getFinishedSpans().map(({ attributes, events }) => [attributes, events])])
  for (const secret of [...token.split('.'), 'of the customer']) expect(told).not.toContain(secret)
})

async function metric(name: string) {
  await meters.forceFlush()
  const metrics = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
  return metrics.findLast(({ descriptor }) => descriptor.name === name)?.dataPoints ?? []
}

async function counts(): Promise<unknown[]> {
  return (await metric('kinde_billing.deliveries')).map(({ attributes, value }) => [
    attributes['kinde.event.type'],
    attributes['kinde.delivery.outcome'],
    value,
  ])
}

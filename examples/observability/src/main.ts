import { context } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, ConsoleSpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { pino } from 'pino'
import { createApp } from './app.js'

// @opentelemetry/sdk-node does this for you; with it, spans of a handler become children of the consumer span
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
const meters = new MeterProvider({
  readers: [new PrometheusExporter({ host: '127.0.0.1', port: Number(process.env.METRICS_PORT || 9464) })],
})
// replace the exporter with your own
const traces = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(new ConsoleSpanExporter())] })

const log = pino()
const tracer = traces.getTracer('billing')
const app = createApp(
  { log, meter: meters.getMeter('billing'), tracer },
  {
    issuer: process.env.KINDE_ISSUER_URL,
    on: {
      'customer.payment_failed': (event) =>
        tracer.startActiveSpan('ask for another card', (span) => {
          log.info({ customer: event.customer.id }, 'ask for another card')
          span.end()
        }),
    },
  },
)
await app.listen({ port: Number(process.env.PORT || 3000), host: '0.0.0.0' })

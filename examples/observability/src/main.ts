import { ConsoleMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, ConsoleSpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { pino } from 'pino'
import { createApp } from './app.js'

// replace these with your own exporters
const meters = new MeterProvider({
  readers: [new PeriodicExportingMetricReader({ exporter: new ConsoleMetricExporter() })],
})
const traces = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(new ConsoleSpanExporter())] })

const log = pino()
const app = createApp(
  { log, meter: meters.getMeter('billing'), tracer: traces.getTracer('billing') },
  {
    issuer: process.env.KINDE_ISSUER_URL,
    on: { 'customer.payment_failed': (event) => log.info({ customer: event.customer.id }, 'ask for another card') },
  },
)
await app.listen({ port: Number(process.env.PORT ?? 3000), host: '0.0.0.0' })

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type DeliveryOutcome, DiscardEvent } from '@kinde-billing/core/receiver'
import { billingEventFixture, deliver } from '@kinde-billing/testing'
import { startTestIssuer } from '@kinde-billing/testing/server'
import { trace } from '@opentelemetry/api'
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { parser } from '@prometheus-io/lezer-promql'
import { pino } from 'pino'
import { beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { createApp } from './app.js'

interface Rule {
  readonly record?: string
  readonly alert?: string
  readonly expr: string
  readonly labels?: { readonly severity?: string }
  readonly annotations?: { readonly summary?: string; readonly description?: string }
}

interface Panel {
  readonly id: number
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly datasource: { readonly uid: string }
  readonly targets: readonly { readonly refId: string; readonly expr: string }[]
}

const read = (path: string): Promise<string> => readFile(join(import.meta.dirname, '..', path), 'utf8')
const rules: Rule[] = parse(await read('prometheus/rules.yml')).groups.flatMap(
  (group: { rules: Rule[] }) => group.rules,
)
const dashboard: { panels: Panel[] } = JSON.parse(await read('grafana/dashboard.json'))

const ruleExpressions = rules.map(({ record, alert, expr }) => ({ title: record ?? alert ?? '', expr }))
const panelExpressions = dashboard.panels.flatMap(({ title, targets }) =>
  // Grafana replaces its variables before it asks Prometheus
  targets.map(({ refId, expr }) => ({ title: `${title} (${refId})`, expr: expr.replace(/\$__\w+/g, '5m') })),
)

/** The metrics that the application exports, each with its labels. */
const exported = new Map<string, Set<string>>()

beforeAll(async () => {
  const reader = new PrometheusExporter({ preventServerStart: true })
  const meters = new MeterProvider({ readers: [reader] })
  const issuer = await startTestIssuer()
  const app = createApp(
    { log: pino({ enabled: false }), meter: meters.getMeter('test'), tracer: trace.getTracer('none') },
    {
      issuer: issuer.issuer,
      on: {
        'customer.payment_failed': () => Promise.reject(new Error('no')),
        'customer.plan_changed': () => Promise.reject(new DiscardEvent('no')),
      },
    },
  )
  const endpoint = `${await app.listen({ port: 0 })}/webhooks/kinde`
  for (const type of ['customer.payment_failed', 'customer.plan_changed'] as const)
    await deliver(endpoint, await issuer.sign(billingEventFixture(type)))
  const { resourceMetrics } = await reader.collect()
  for (const [, name = '', labels = ''] of new PrometheusSerializer()
    .serialize(resourceMetrics)
    .matchAll(/^(\w+)\{(.*)\} \S+$/gm)) {
    const known = exported.get(name) ?? new Set()
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) known.add(label)
    exported.set(name, known)
  }
  for (const { record } of rules) if (record !== undefined) exported.set(record, new Set())
  await app.close()
  await issuer.close()
  await meters.shutdown()
})

/** The names, as patterns, and labels in an expression. Throws if it is not PromQL. */
function parseExpression(expr: string): { readonly metrics: RegExp[]; readonly labels: string[] } {
  const found: { metrics: RegExp[]; labels: string[] } = { metrics: [], labels: [] }
  parser.parse(expr).iterate({
    enter({ type, name, from, to, node }) {
      const text = expr.slice(from, to)
      if (type.isError) throw new Error(`${expr} is not PromQL near ${from}`)
      if (name === 'Identifier' && node.parent?.name === 'VectorSelector') found.metrics.push(new RegExp(`^${text}$`))
      const [, pattern] = /^__name__=~"(.*)"$/.exec(name === 'UnquotedLabelMatcher' ? text : '') ?? []
      if (pattern !== undefined) found.metrics.push(new RegExp(`^${pattern}$`))
      if (name === 'LabelName' && text !== '__name__') found.labels.push(text)
    },
  })
  return found
}

describe.each([...ruleExpressions, ...panelExpressions])('$title', ({ expr }) => {
  it('is PromQL, and asks for metrics and labels that the application exports', () => {
    const { metrics, labels } = parseExpression(expr)
    expect(metrics).not.toEqual([])
    const names = metrics.map((metric) => [...exported.keys()].filter((name) => metric.test(name)))
    expect(names.filter((found) => found.length === 0)).toEqual([])
    const known = new Set(names.flat().flatMap((name) => [...(exported.get(name) ?? [])]))
    for (const label of labels) expect([...known]).toContain(label)
  })
})

/** Those that are named, so that the compiler checks them. */
const OUTCOMES: readonly DeliveryOutcome['outcome'][] = [
  'processed',
  'duplicate',
  'ignored',
  'unsupported',
  'discarded',
  'handler_failed',
  'handler_timeout',
  'schema_mismatch',
  'internal_error',
  'invalid_configuration',
  'body_already_parsed',
  'keys_unavailable',
  'inbox_unavailable',
  'unknown_key',
  'invalid_signature',
  'issuer_mismatch',
  'invalid_payload',
  'timestamp_out_of_range',
]

it('names outcomes that exist', () => {
  const outcomes = new Set(
    [...ruleExpressions, ...panelExpressions].flatMap(({ expr }) =>
      [...expr.matchAll(/kinde_delivery_outcome=~?"([^"]*)"/g)].flatMap(([, list = '']) => list.split('|')),
    ),
  )
  for (const outcome of outcomes) expect(OUTCOMES).toContain(outcome)
})

it('says what happened and what to do, in every alert', () => {
  for (const { alert, labels, annotations } of rules.filter((rule) => rule.alert !== undefined)) {
    expect(['info', 'warning', 'critical'], alert).toContain(labels?.severity)
    expect(annotations?.summary, alert).toBeTruthy()
    expect(annotations?.description, alert).toBeTruthy()
  }
})

it('has panels beside each other, each with its own id and the data source that is selected', () => {
  const { panels } = dashboard
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
  )
  expect(new Set(cells).size).toBe(cells.length)
  for (const { gridPos, datasource } of panels) {
    expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24)
    expect(datasource.uid).toBe(`$${'{datasource}'}`)
  }
})

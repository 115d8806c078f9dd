import type { AdapterCost } from './adapters.js'
import { find } from './comparison.js'
import { type Measured, timesAsLong } from './measure.js'
import type { Refusal } from './refusals.js'
import { figure, table } from './table.js'
import { BARE_JOSE, FAST_JWT, FAST_JWT_SYNC, JOSE_AND_VALIBOT, KINDE_WEBHOOKS, OURS } from './verification.js'

/** A promise about speed. Where it is not kept, `packages/benchmarks/README.md` says so and why. */
export interface Target {
  readonly promise: string
  readonly limit: string
  readonly measured: string
  readonly isMet: boolean
}

export function sequentialTargets(measured: readonly Measured[]): Target[] {
  const ours = find(measured, OURS)
  return [
    atMost('one by one: × the time of jose and valibot', 1, timesAsLong(ours, find(measured, JOSE_AND_VALIBOT))),
    atMost('one by one: × the time of bare jose', 1.15, timesAsLong(ours, find(measured, BARE_JOSE))),
    atLeast('one by one: × the speed of @kinde/webhooks', 10, timesAsLong(find(measured, KINDE_WEBHOOKS), ours)),
  ]
}

export function inFlightTargets(measured: readonly Measured[]): Target[] {
  const ours = find(measured, OURS)
  const speedOver = (name: string): number => timesAsLong(find(measured, name), ours)
  return [
    atMost('64 in flight: × the time of jose and valibot', 1, timesAsLong(ours, find(measured, JOSE_AND_VALIBOT))),
    atLeast('64 in flight: × the throughput of fast-jwt and get-jwks', 0.75, speedOver(FAST_JWT)),
    atLeast('64 in flight: × the throughput of fast-jwt, key given', 0.75, speedOver(FAST_JWT_SYNC)),
    atLeast('64 in flight: × the throughput of @kinde/webhooks', 10, speedOver(KINDE_WEBHOOKS)),
  ]
}

export function adapterTargets(costs: readonly AdapterCost[]): Target[] {
  return costs.map(({ framework, addedUs }) => atMost(`${framework}: µs added`, 60, addedUs))
}

export function refusalTargets(refusals: readonly Refusal[]): Target[] {
  const slowest = Math.max(...refusals.map(({ medianMs }) => medianMs))
  return [atMost('slowest refusal of oversized or malformed input, ms', 5, slowest)]
}

export function targetTable(targets: readonly Target[]): string {
  return table(
    ['target', 'limit', 'measured', ''],
    targets.map(({ promise, limit, measured, isMet }) => [promise, limit, measured, isMet ? 'met' : 'MISSED']),
  )
}

function atMost(promise: string, limit: number, value: number): Target {
  return { promise, limit: `≤ ${limit}`, measured: figure(value, 2), isMet: value <= limit }
}

function atLeast(promise: string, limit: number, value: number): Target {
  return { promise, limit: `≥ ${limit}`, measured: figure(value, 2), isMet: value >= limit }
}

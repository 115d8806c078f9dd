import { type Measured, middleHalf, spreadPercent, timesAsLong } from './measure.js'
import { figure, table } from './table.js'
import { BARE_JOSE, JOSE_AND_VALIBOT } from './verification.js'

/** Ratios first: they hold on other machines, the figures behind them do not. */
export function comparisonTable(measured: readonly Measured[]): string {
  const byHand = find(measured, JOSE_AND_VALIBOT)
  const base = find(measured, BARE_JOSE)
  return table(
    ['', '× time of jose and valibot', 'half of the rounds', '× time of bare jose', 'µs', '± %', 'per second'],
    measured.map((one) => [
      one.name,
      figure(timesAsLong(one, byHand), 2),
      middleHalf(one, byHand)
        .map((ratio) => figure(ratio, 2))
        .join(' to '),
      figure(timesAsLong(one, base), 2),
      figure(one.medianUs, 1),
      figure(spreadPercent(one), 0),
      figure(1e6 / one.medianUs, 0),
    ]),
  )
}

export function find(measured: readonly Measured[], name: string): Measured {
  const found = measured.find((one) => one.name === name)
  if (found === undefined) throw new Error(`${name} was not measured`)
  return found
}

import type { BillingState } from '@kinde-billing/state'
import { type Html, html } from '../html.js'
import type { View } from '../view.js'
import { timeOf } from './time.js'
import { name } from './words.js'

interface Report {
  readonly at: number
  readonly quantity: number
}

interface Meter {
  readonly label: string
  readonly reports: readonly Report[]
}

const WIDTH = 600
const HEIGHT = 120

/** A chart for each meter, of the reports that the state keeps, with the same numbers as a table. */
export function usageCharts(view: View, state: BillingState): Html[] {
  return readMeters(state).map((meter, index) => usageChart(view, meter, index))
}

/** The meters that events have reported. */
function readMeters({ lists }: BillingState): Meter[] {
  return lists.flatMap(({ type, facts }) => {
    if (type !== 'customer.meter_usage_updated') return []
    const reports = facts.flatMap(({ at, quantity }) => (quantity === undefined ? [] : [{ at, quantity }]))
    const last = facts.at(-1)
    return reports.length === 0 ? [] : [{ label: last?.featureCode ?? last?.meterId ?? 'Unnamed meter', reports }]
  })
}

function usageChart(view: View, { label, reports }: Meter, index: number): Html {
  const amount = (quantity: number): string => quantity.toLocaleString('en', { maximumFractionDigits: 4 })
  const [first, last] = [reports[0], reports.at(-1)]
  if (first === undefined || last === undefined) return html``
  const top = Math.max(...reports.map(({ quantity }) => quantity), 0)
  const bottom = Math.min(...reports.map(({ quantity }) => quantity), 0)
  const x = ({ at }: Report): number => ratio(at - first.at, last.at - first.at) * WIDTH
  const y = ({ quantity }: Report): number => HEIGHT - ratio(quantity - bottom, top - bottom) * HEIGHT
  const points = reports.map((report) => ({ x: x(report).toFixed(1), y: y(report).toFixed(1) }))
  const line = points.map((point) => `${point.x},${point.y}`).join(' ')
  const summary =
    reports.length === 1
      ? `One report: ${amount(last.quantity)}`
      : `${reports.length} reports: from ${amount(first.quantity)} to ${amount(last.quantity)}`
  return html`<figure class="usage"><figcaption><strong>${name(label)}</strong> <span class="quiet">${summary}, as Kinde reported it</span></figcaption>
<div class="plot"><p class="scale" aria-hidden="true"><span>${amount(top)}</span><span>${amount(bottom)}</span></p><svg viewBox="-6 -6 ${WIDTH + 12} ${HEIGHT + 12}" role="img" aria-label="${`${label.slice(0, 80)}. ${summary}`}"><line x1="0" x2="${WIDTH}" y1="${HEIGHT}" y2="${HEIGHT}"/><line x1="0" x2="${WIDTH}" y1="0" y2="0"/><polygon points="0,${HEIGHT} ${line} ${points.at(-1)?.x},${HEIGHT}"/><polyline points="${line}"/>${points.map((point) => html`<circle cx="${point.x}" cy="${point.y}" r="3.5"/>`)}</svg></div>
<details id="usage-${index}"><summary>Show as a table</summary><table><thead><tr><th scope="col">Reported</th><th scope="col" class="amount">Quantity</th></tr></thead><tbody>${reports
    .toReversed()
    .map(
      ({ at, quantity }) =>
        html`<tr><td>${timeOf(new Date(at), view.now)}</td><td class="amount">${amount(quantity)}</td></tr>`,
    )}</tbody></table></details></figure>`
}

const ratio = (part: number, whole: number): number => (whole === 0 ? 0.5 : part / whole)

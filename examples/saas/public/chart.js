import { html, svg } from './elements.js'
import { formatMoment, formatNumber } from './words.js'

const HEIGHT = 220
const MARGIN = { top: 16, right: 16, bottom: 28, left: 52 }

/** The usage of one customer as a line, and as a table for whoever cannot see the line. */
export function createChart() {
  const title = html('h3', { id: 'chart-title' }, 'Usage')
  const summary = html('p', { class: 'hint', id: 'chart-summary' })
  const drawing = html('div', { class: 'drawing' })
  const rows = html('tbody')
  const table = html(
    'table',
    {},
    html('caption', { class: 'unseen' }, 'Calls of the API, as reported'),
    html('thead', {}, html('tr', {}, html('th', { scope: 'col' }, 'Reported'), html('th', { scope: 'col' }, 'Calls'))),
    rows,
  )
  const details = html('details', {}, html('summary', {}, 'Show as a table'), table)
  const element = html(
    'section',
    { class: 'panel usage', 'aria-labelledby': 'chart-title' },
    title,
    summary,
    drawing,
    details,
  )
  let shown = { reports: [], included: null }

  const draw = () => drawing.replaceChildren(...drawingOf(shown.reports, shown.included, drawing.clientWidth))
  new ResizeObserver(draw).observe(drawing)

  return {
    element,
    /** Reports from the first to the last, and how many calls the plan includes, or null. */
    show(reports, included) {
      if (JSON.stringify({ reports, included }) === JSON.stringify(shown)) return
      shown = { reports, included }
      summary.textContent = describe(reports, included)
      details.hidden = reports.length === 0
      rows.replaceChildren(...reports.toReversed().map(renderRow))
      draw()
    },
  }
}

function describe(reports, included) {
  const [first, last] = [reports[0], reports.at(-1)]
  if (!last) return 'No usage has been reported yet.'
  const limit = included === null ? '' : ` of ${formatNumber(included)} included`
  if (reports.length === 1)
    return `${formatNumber(last.quantity)} calls${limit}, reported once, ${formatMoment(last.occurredAt)}.`
  const from = `${formatNumber(first.quantity)} calls, ${formatMoment(first.occurredAt)}`
  return `${reports.length} reports: from ${from}, to ${formatNumber(last.quantity)}${limit}, ${formatMoment(last.occurredAt)}.`
}

function renderRow({ occurredAt, quantity }) {
  const moment = html('time', { datetime: occurredAt }, formatMoment(occurredAt))
  return html('tr', {}, html('th', { scope: 'row' }, moment), html('td', {}, formatNumber(quantity)))
}

function drawingOf(reports, included, width) {
  if (reports.length === 0 || width === 0) return []
  const times = reports.map(({ occurredAt }) => Date.parse(occurredAt))
  const [start, end] = [Math.min(...times), Math.max(...times)]
  const step = stepFor(Math.max(included ?? 0, ...reports.map(({ quantity }) => quantity)))
  const top = step * Math.ceil((Math.max(included ?? 0, ...reports.map(({ quantity }) => quantity)) * 1.05) / step)
  const inner = { width: width - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom }
  const x = (time) => MARGIN.left + (end === start ? inner.width / 2 : ((time - start) / (end - start)) * inner.width)
  const y = (value) => MARGIN.top + inner.height * (1 - value / top)

  const points = reports.map(({ quantity }, index) => [x(times[index]), y(quantity)])
  const line = points.map((point) => point.map(Math.round).join(',')).join(' L')
  const floor = Math.round(y(0))
  const grid = Array.from({ length: top / step + 1 }, (_, index) => index * step)
  const image = svg(
    'svg',
    {
      role: 'img',
      'aria-labelledby': 'chart-title',
      'aria-describedby': 'chart-summary',
      width,
      height: HEIGHT,
      viewBox: `0 0 ${width} ${HEIGHT}`,
    },
    grid.flatMap((value) => [
      svg('line', { class: 'grid', x1: MARGIN.left, x2: width - MARGIN.right, y1: y(value), y2: y(value) }),
      svg('text', { class: 'tick', x: MARGIN.left - 8, y: y(value) + 4, 'text-anchor': 'end' }, formatNumber(value)),
    ]),
    points.length > 1 &&
      svg('path', {
        class: 'area',
        d: `M${Math.round(points[0][0])},${floor} L${line} L${Math.round(points.at(-1)[0])},${floor} Z`,
      }),
    points.length > 1 && svg('path', { class: 'line', d: `M${line}` }),
    included !== null &&
      svg('line', { class: 'limit', x1: MARGIN.left, x2: width - MARGIN.right, y1: y(included), y2: y(included) }),
    included !== null &&
      svg(
        'text',
        { class: 'limit-name', x: width - MARGIN.right, y: y(included) - 6, 'text-anchor': 'end' },
        'included in the plan',
      ),
    points.map(([cx, cy], index) =>
      svg(
        'circle',
        { class: 'point', cx, cy, r: 3.5 },
        svg('title', {}, `${formatNumber(reports[index].quantity)}, ${formatMoment(reports[index].occurredAt)}`),
      ),
    ),
    svg(
      'text',
      {
        class: 'tick',
        x: end === start ? x(start) : MARGIN.left,
        y: HEIGHT - 8,
        'text-anchor': end === start ? 'middle' : 'start',
      },
      formatMoment(start),
    ),
    end > start &&
      svg('text', { class: 'tick', x: width - MARGIN.right, y: HEIGHT - 8, 'text-anchor': 'end' }, formatMoment(end)),
  )
  return [image]
}

/** Between lines of the grid: 1, 2 or 5 times a power of ten, so that there are three to six of them. */
function stepFor(highest) {
  const power = 10 ** Math.floor(Math.log10(highest || 1))
  return [0.2, 0.5, 1, 2].map((factor) => factor * power).find((step) => highest / step <= 5)
}

import { html, showList } from './elements.js'
import { eventName, formatMoment, formatNumber } from './words.js'

const FIRST = 10

/** What happened to one customer, the latest first. */
export function createTimeline() {
  const list = html('ol', { class: 'timeline', id: 'timeline' })
  const more = html('button', { type: 'button', class: 'more', 'aria-controls': 'timeline' })
  const element = html(
    'section',
    { class: 'panel', 'aria-labelledby': 'timeline-title' },
    html('h3', { id: 'timeline-title' }, 'What happened'),
    list,
    more,
  )
  let shown = { customer: undefined, events: [] }
  let isWhole = false

  function draw() {
    const { events } = shown
    showList(list, isWhole ? events : events.slice(0, FIRST), ({ id }) => id, renderEvent)
    more.hidden = events.length <= FIRST
    more.setAttribute('aria-expanded', String(isWhole))
    more.textContent = isWhole ? 'Show the latest only' : `Show all ${events.length}`
  }
  more.addEventListener('click', () => {
    isWhole = !isWhole
    draw()
  })
  return {
    element,
    show(customer, events) {
      if (customer !== shown.customer) isWhole = false
      shown = { customer, events }
      draw()
    },
  }
}

function renderEvent({ type, occurredAt, quantity, effects, late, mails }) {
  const kind = type.replace('customer.', '')
  return html(
    'li',
    { class: late ? `${kind} late` : kind },
    html(
      'p',
      { class: 'what' },
      html('strong', {}, eventName(type)),
      quantity !== null && html('span', {}, `${formatNumber(quantity)} calls`),
      late && html('span', { class: 'tag' }, 'arrived late'),
      html('time', { datetime: occurredAt }, formatMoment(occurredAt)),
    ),
    html('ul', {}, renderEffects(quantity === null ? effects : [], late, type), mails.map(renderMail)),
  )
}

function renderEffects(effects, late, type) {
  if (effects.length > 0) return effects.map((effect) => html('li', {}, effect))
  if (late) return html('li', { class: 'no-effect' }, 'Older than what was known: changed nothing')
  if (type !== 'customer.agreement_cancelled') return []
  return html('li', { class: 'no-effect' }, 'Access goes on: it follows from all agreements together')
}

function renderMail(subject) {
  return html('li', { class: 'mail' }, `Mail sent: “${subject}”`)
}

import { badge } from './customers.js'
import { html } from './elements.js'

/** The buttons, by the names of their routes on the server. */
const GROUPS = {
  'The customer': {
    'sign-up': ['Sign up', 'Somebody new, on the smallest plan'],
    'upgrade-cancel-first': ['Upgrade, cancel first', 'The end of the old agreement arrives first'],
    'upgrade-create-first': ['Upgrade, create first', 'The new agreement arrives first'],
    usage: ['Report usage', 'More calls of the API than before'],
    cancel: ['Cancel', 'The agreement ends, and none follows'],
  },
  'The card': {
    'card-declined': ['Card declined', 'A payment fails'],
    recovered: ['Recovered', 'The payment goes through after all'],
  },
  'The network': {
    late: ['Late', 'A payment, then the news that it failed before'],
    duplicate: ['Duplicate', 'The latest event once more'],
    forged: ['Forged', 'Three cancellations that Kinde did not send'],
  },
}
const TITLES = Object.fromEntries(
  Object.values(GROUPS)
    .flatMap(Object.entries)
    .map(([name, [title]]) => [name, title]),
)

const section = document.getElementById('scenarios')
const buttons = document.getElementById('scenario-buttons')
const hint = document.getElementById('scenarios-hint')
const whose = document.getElementById('scenarios-customer')
const played = document.getElementById('played')

/** `onPlayed` is told which customer a scenario was about. */
export function createScenarios(onPlayed) {
  let chosen
  let possible = []
  let isPlaying = false

  function draw() {
    for (const button of buttons.querySelectorAll('button')) {
      const isPossible = possible.includes(button.value) && !isPlaying
      button.setAttribute('aria-disabled', String(!isPossible))
    }
  }

  async function play(name) {
    const title = TITLES[name]
    isPlaying = true
    draw()
    played.replaceChildren(html('p', {}, `${title}: delivering`))
    try {
      const response = await fetch(`/scenarios/${name}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ customer: chosen }),
      })
      const result = await response.json()
      played.replaceChildren(
        ...(response.ok ? renderAnswers(title, result.answers) : [html('p', {}, `${title}: ${result.error}`)]),
      )
      if (response.ok) onPlayed(result.customer)
    } catch {
      played.replaceChildren(html('p', {}, `${title}: the server cannot be reached`))
    } finally {
      isPlaying = false
      draw()
    }
  }

  buttons.append(...Object.entries(GROUPS).map(([name, scenarios]) => renderGroup(name, scenarios)))
  buttons.addEventListener('click', ({ target }) => {
    const button = target.closest('button')
    if (button && button.getAttribute('aria-disabled') !== 'true') play(button.value)
  })

  return {
    /** Without scenarios the webhooks are real ones, of this issuer. */
    show(customer, scenarios, issuer) {
      chosen = customer?.key
      possible = scenarios ?? []
      buttons.hidden = scenarios === undefined
      if (scenarios === undefined) {
        section.querySelector('h2').textContent = 'Receiving'
        hint.textContent = `Webhooks of ${issuer}, at ${location.origin}/webhooks/kinde`
      }
      whose.replaceChildren(...(customer && scenarios ? [html('span', {}, customer.name), badge(customer.access)] : []))
      draw()
    },
  }
}

function renderGroup(name, scenarios) {
  return html(
    'div',
    { class: 'group' },
    html('h3', {}, name),
    ...Object.entries(scenarios).map(([scenario, words]) => renderButton(scenario, words)),
  )
}

/** Named by its title; what it does is its description. */
function renderButton(name, [title, description]) {
  return html(
    'button',
    { type: 'button', value: name, 'aria-labelledby': `${name}-title`, 'aria-describedby': `${name}-description` },
    html('span', { class: 'scenario', id: `${name}-title` }, title),
    html('span', { class: 'description', id: `${name}-description` }, description),
  )
}

function renderAnswers(title, answers) {
  return [
    html(
      'p',
      {},
      html('strong', {}, title),
      `: ${answers.length === 1 ? 'one delivery' : `${answers.length} deliveries`}`,
    ),
    html(
      'ul',
      {},
      answers.map(({ sent, status, answer }) =>
        html(
          'li',
          { class: status === 200 ? 'accepted' : 'refused' },
          `${sent.replace('customer.', '')}: `,
          html('b', {}, `${status} ${answer}`),
        ),
      ),
    ),
  ]
}

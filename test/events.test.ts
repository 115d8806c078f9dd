import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type ScenarioName, scenarioSteps } from '../packages/cli/src/trigger/scenarios.js'
import { BILLING_EVENT_TYPES, decodeBillingEvent, EVENT_GROUPS } from '../packages/core/src/index.js'
import { billingEventFixture } from '../packages/testing/src/index.js'

const page = readFileSync(new URL('../docs/events.md', import.meta.url), 'utf8')

/** The part of the page about one event type. */
function section(type: string): string {
  const [, text = ''] = page.split(`\n### \`${type}\`\n`)
  return text.split(/\n##+ /)[0] ?? ''
}

/** The rows of the table of members: each member with the keys of `data` that it is read from. */
const members = [...page.matchAll(/^\| `((?:customer|agreement|plan|invoice|usage)\.\w+)` +\| (.+?) +\|$/gm)].map(
  ([, member = '', keys = '']) => ({ member, keys: [...keys.matchAll(/`([\w.]+)`/g)].map(([, key = '']) => key) }),
)

describe.each(BILLING_EVENT_TYPES)('docs/events.md on %s', (type) => {
  it('lists the groups of the type', () => {
    const groups = ['customer', 'agreement', ...EVENT_GROUPS[type]].map((group) => `\`${group}\``)
    expect(section(type)).toContain(`- **Groups**: ${groups.join(', ')}\n`)
  })

  it('shows the claims of the fixture', () => {
    const claims = JSON.parse(section(type).match(/```json\n(.+?)```/s)?.[1] ?? '{}')
    const { event_id, timestamp, event_timestamp } = claims
    expect(claims).toEqual(billingEventFixture(type, { event_id, timestamp, event_timestamp }))
  })
})

it('docs/events.md has a section for each billing event and for no other type', () => {
  const sections = [...page.matchAll(/^### `(.+)`$/gm)].map(([, type]) => type)
  expect(sections).toEqual([...BILLING_EVENT_TYPES])
})

it('docs/events.md names every member of an event', () => {
  const documented = members.map(({ member }) => member)
  for (const type of BILLING_EVENT_TYPES) {
    const event = decodeBillingEvent(billingEventFixture(type))
    for (const [group, value] of Object.entries(event).filter(([name]) => ['plan', 'invoice', 'usage'].includes(name)))
      for (const member of Object.keys(value)) expect(documented).toContain(`${group}.${member}`)
  }
})

it.each(members.flatMap(({ member, keys }) => keys.map((key) => ({ member, key }))))(
  'an event has $member if data has only $key',
  ({ member, key }) => {
    const [group = '', name = ''] = member.split('.')
    const type = BILLING_EVENT_TYPES.find((each) =>
      [...EVENT_GROUPS[each], 'customer', 'agreement'].some((g) => g === group),
    )
    const value = { dueOn: '2026-04-17', quantity: 7 }[name] ?? 'x'
    const [first = '', second] = key.split('.')
    const data = second === undefined ? { [first]: value } : { [first]: { [second]: value } }
    const event = decodeBillingEvent({ event_id: 'event_1', type, timestamp: '2026-03-17T09:30:00Z', data })
    expect(event).toHaveProperty(member, name === 'dueOn' ? new Date('2026-04-17T00:00:00Z') : value)
  },
)

it.each<{ timeline: string; scenario: ScenarioName }>([
  { timeline: 'A checkout', scenario: 'sign-up' },
  { timeline: 'An upgrade', scenario: 'upgrade' },
  { timeline: 'A failed card', scenario: 'dunning' },
  { timeline: 'A cancellation', scenario: 'cancel' },
])(
  'the timeline of $timeline on docs/events.md has every event of the scenario $scenario',
  ({ timeline, scenario }) => {
    const [, text = ''] = page.split(`\n### ${timeline}\n`)
    const [shown = ''] = text.split('\n#')
    expect(shown).toContain(`--scenario ${scenario}`)
    for (const { type } of scenarioSteps(scenario, undefined)) expect(shown).toContain(` ${type} `)
  },
)

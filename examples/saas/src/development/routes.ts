import type { Hono } from 'hono'
import { csrf } from 'hono/csrf'
import type { Played, ScenarioPlayer } from './player.js'
import { isScenario } from './scenarios.js'

/** The buttons: tools for development, which a real application does not have. */
export function serveScenarios(app: Hono, player: ScenarioPlayer, switches: { isBroken: boolean }): void {
  app.use('/development/*', csrf())
  app.post('/development/broken', (c) => {
    switches.isBroken = !switches.isBroken
    const said = switches.isBroken
      ? 'The handler is broken: events fail from now on. Press a button, then look at the console.'
      : 'The handler works again. Redeliver what failed in the console.'
    return c.redirect(`/?${new URLSearchParams({ customer: c.req.query('customer') ?? '', said })}`, 303)
  })
  app.post('/development/:scenario', async (c) => {
    const { scenario } = c.req.param()
    const customer = c.req.query('customer') || undefined
    if (!isScenario(scenario)) return c.notFound()
    const played = await player.play(scenario, customer)
    const said = played === undefined ? 'This makes no sense for the customer as they are now.' : describe(played)
    return c.redirect(`/?${new URLSearchParams({ customer: played?.key ?? customer ?? '', said })}`, 303)
  })
}

function describe({ answers }: Played): string {
  const parts = answers.map(({ sent, status, answer }) => `${sent}: ${status} ${answer}`)
  return `${answers.length === 1 ? 'One delivery' : `${answers.length} deliveries`}. ${parts.join('; ')}.`
}

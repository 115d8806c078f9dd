import { claimsOf, newSubject, signUp, upgrade, usage } from './events.js'
import type { ScenarioPlayer } from './player.js'

const HOUR_MS = 60 * 60 * 1000

/** Delivers a few customers with three days behind them, so that the first look at the pages is not an empty one. */
export async function deliverFirstCustomers({ send }: ScenarioPlayer): Promise<void> {
  const ago = (hours: number): number => Date.now() - hours * HOUR_MS

  const gone = newSubject('hedy')
  await send(...signUp(gone, ago(70)), usage(gone, 120, ago(60)), usage(gone, 180, ago(44)))
  await send(claimsOf('customer.agreement_cancelled', gone, ago(20)))

  const owing = newSubject('alan')
  await send(...signUp(owing, ago(64)))
  for (const [index, quantity] of [90, 210, 260, 410, 590, 640].entries())
    await send(usage(owing, quantity, ago(58 - index * 9)))
  await send(claimsOf('customer.payment_failed', owing, ago(3)))

  const growing = newSubject('grace')
  await send(...signUp(growing, ago(68)))
  for (const [index, quantity] of [140, 380, 610, 870].entries())
    await send(usage(growing, quantity, ago(64 - index * 6)))
  const { created, cancelled, next } = upgrade(growing, ago(42))
  await send(...created, cancelled)
  for (const [index, quantity] of [1240, 1630, 1900, 2480, 2910, 3120, 3560].entries())
    await send(usage(next, quantity, ago(38 - index * 6)))
}

import { readDelivery } from '@kinde-billing/postgres'
import { withPool } from '../database/pool.js'
import { EXIT, type ExitCode } from '../exit-codes.js'
import { printable } from '../output/event-lines.js'
import { writeNote } from '../output/note.js'
import type { Terminal } from '../terminal.js'
import { describeDelivery } from './report.js'

/** Options of `kinde-billing inbox show`. */
export interface ShowOptions {
  /** Also prints the claims, which are personal data. */
  readonly claims?: boolean | undefined
  readonly name?: string | undefined
  readonly table?: string | undefined
  readonly json?: boolean | undefined
}

/** Shows one delivery. */
export function showCommand(eventId: string, options: ShowOptions, terminal: Terminal): Promise<ExitCode> {
  const { claims: showsClaims = false, json = false, name, table } = options
  return withPool(terminal, { json }, async (pool) => {
    const delivery = await readDelivery(pool, eventId, { name, table })
    if (delivery === undefined) {
      if (json) terminal.out('null\n')
      writeNote(terminal, `The inbox does not know "${printable(eventId)}".`)
      return EXIT.finding
    }
    const document = showsClaims ? { ...delivery, claims: delivery.claims ?? null } : delivery
    terminal.out(json ? `${JSON.stringify(document, null, 2)}\n` : describeDelivery(delivery, showsClaims, terminal))
    return EXIT.ok
  })
}

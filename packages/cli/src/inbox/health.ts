import { inboxHealth } from '@kinde-billing/postgres'
import { withPool } from '../database/pool.js'
import { EXIT, type ExitCode } from '../exit-codes.js'
import type { Terminal } from '../terminal.js'
import { describeHealth } from './report.js'

/** Options of `kinde-billing inbox health`. */
export interface HealthOptions {
  readonly name?: string | undefined
  readonly table?: string | undefined
  readonly json?: boolean | undefined
}

/** Shows the state of the inbox. */
export function healthCommand({ name, table, json = false }: HealthOptions, terminal: Terminal): Promise<ExitCode> {
  return withPool(terminal, { json }, async (pool) => {
    const health = await inboxHealth(pool, { name, table })
    const ok = health.failing === 0 && health.dead === 0
    terminal.out(json ? `${JSON.stringify({ ok, ...health }, null, 2)}\n` : describeHealth(health, terminal))
    return ok ? EXIT.ok : EXIT.finding
  })
}

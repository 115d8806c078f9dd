import { type DeliveryStatus, listDeliveries } from '@kinde-billing/postgres'
import { withPool } from '../database/pool.js'
import { EXIT, type ExitCode } from '../exit-codes.js'
import type { Terminal } from '../terminal.js'
import { describeDeliveries } from './report.js'

/** Options of `kinde-billing inbox list`. */
export interface ListOptions {
  readonly status?: DeliveryStatus | undefined
  readonly type?: string | undefined
  readonly customer?: string | undefined
  readonly since?: Date | undefined
  readonly limit?: number | undefined
  /** The `next` of the page before. */
  readonly after?: string | undefined
  readonly table?: string | undefined
  readonly json?: boolean | undefined
}

/** Lists deliveries, those that arrived last first. */
export function listCommand({ json = false, ...options }: ListOptions, terminal: Terminal): Promise<ExitCode> {
  return withPool(terminal, { json }, async (pool) => {
    const { deliveries, next } = await listDeliveries(pool, options)
    const more = next === undefined ? '' : `\nMore: --after ${next}\n`
    terminal.out(
      json
        ? `${JSON.stringify({ deliveries, next: next ?? null }, null, 2)}\n`
        : `${describeDeliveries(deliveries, terminal)}${more}`,
    )
    return EXIT.ok
  })
}

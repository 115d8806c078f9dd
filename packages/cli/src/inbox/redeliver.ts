import { type RedeliverySelection, requestRedelivery } from '@kinde-billing/postgres'
import { withPool } from '../database/pool.js'
import { EXIT, type ExitCode } from '../exit-codes.js'
import { wrap } from '../output/wrap.js'
import type { Terminal } from '../terminal.js'
import { UsageError } from '../usage-error.js'

/** Options of `kinde-billing inbox redeliver`. */
export interface RedeliverOptions {
  /** Every event that has failed, instead of single ones. */
  readonly failed?: boolean | undefined
  readonly since?: Date | undefined
  readonly reason: string
  readonly evenIfDone?: boolean | undefined
  readonly table?: string | undefined
  readonly json?: boolean | undefined
}

/**
 * Marks deliveries for redelivery. The application runs them.
 *
 * @throws UsageError if no events, or two kinds of selection, are given
 */
export function redeliverCommand(
  eventIds: readonly string[],
  { failed = false, since, reason, evenIfDone = false, table, json = false }: RedeliverOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  if (failed === eventIds.length > 0) throw new UsageError('Pass event ids, or --failed.')
  if (since !== undefined && !failed) throw new UsageError('--since goes with --failed.')
  const selection: RedeliverySelection = failed ? { status: 'failed', since } : { eventIds }
  return withPool(terminal, { json }, async (pool) => {
    const marked = await requestRedelivery(pool, selection, { reason, evenIfDone, table })
    terminal.out(json ? `${JSON.stringify({ marked }, null, 2)}\n` : describe(marked, terminal))
    return marked > 0 || failed ? EXIT.ok : EXIT.finding
  })
}

function describe(marked: number, { columns, colors }: Terminal): string {
  const what = `${marked} ${marked === 1 ? 'delivery is' : 'deliveries are'} marked for redelivery.`
  const note =
    marked > 0
      ? 'Your application runs what is marked with redeliver() of @kinde-billing/postgres, from an interval or a cron job.'
      : 'Nothing that has failed is left to mark: it is marked already (inbox list --status to_redeliver), or its claims are not kept. Handled events need --even-if-done and keepClaims: "all".'
  return `${(marked > 0 ? colors.green : colors.yellow)(what)}\n${wrap(note, columns)}\n`
}

import { EXIT, type ExitCode } from '../exit-codes.js'
import { withKinde } from '../kinde/client.js'
import { confirm } from '../kinde/confirm.js'
import { printable } from '../output/event-lines.js'
import { writeError } from '../output/note.js'
import type { Terminal } from '../terminal.js'
import { countEvents } from './list.js'

/** Deletes a webhook, after a question. */
export function deleteCommand(
  id: string,
  { json, yes }: { readonly json?: boolean; readonly yes?: boolean },
  terminal: Terminal,
): Promise<ExitCode> {
  return withKinde(terminal, { json }, async (client) => {
    const webhook = (await client.webhooks.list()).find((one) => one.id === id)
    if (webhook === undefined) {
      writeError(terminal, `this environment has no webhook ${printable(id)}.`, 'not_found')
      return EXIT.finding
    }
    terminal.err(`${id}  ${printable(webhook.endpoint)}  ${countEvents(webhook.eventTypes)}\n`)
    if (!(await confirm('Delete it: nothing is sent to this endpoint any more', { yes }, terminal))) return EXIT.finding
    await client.webhooks.delete(id)
    terminal.out(json ? `${JSON.stringify({ deleted: webhook }, null, 2)}\n` : `Deleted ${id}.\n`)
    return EXIT.ok
  })
}

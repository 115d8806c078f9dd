import { decodeBillingEvent, isBillingEventType } from '@kinde-billing/core'
import type { ReadEvent } from '@kinde-billing/management'
import { type AddCommand, addHelp } from '../command.js'
import { EXIT, type ExitCode } from '../exit-codes.js'
import { withKinde } from '../kinde/client.js'
import { jsonOption } from '../options.js'
import { eventLines, printable } from '../output/event-lines.js'
import { renderTable } from '../output/table.js'
import type { Terminal } from '../terminal.js'

/** `kinde-billing event <event_id>` */
export const addEvent: AddCommand = (program, { terminal, exit }) => {
  const command = program
    .command('event')
    .argument('<event_id>', "Kinde's event_id, such as event_018f331a3178f7fef284b95fe6770384")
    .addOption(jsonOption('write one JSON document, with the claims'))
    .action(async (eventId: string, options) => exit(await eventCommand(eventId, options, terminal)))
  addHelp(command, {
    summary: 'Read an event back from Kinde and show it as your handlers would see it.',
    details: `In place of a capture that was lost. Kinde does not say how long it keeps events. The answer is not signed: save its claims for decodeBillingEvent, not as a token.`,
    examples: ['event event_018f331a3178f7fef284b95fe6770384', 'event event_018f331a3178f7fef284b95fe6770384 --json'],
    exitCodes: { ok: 'shown', finding: 'Kinde does not have it, refused, failed or could not be reached' },
  })
}

function eventCommand(eventId: string, { json }: { readonly json?: boolean }, terminal: Terminal): Promise<ExitCode> {
  return withKinde(terminal, { json }, async (client) => {
    const event = await client.event(eventId)
    terminal.out(
      json ? `${JSON.stringify({ ...event, decoded: decode(event) }, null, 2)}\n` : describe(event, terminal),
    )
    return EXIT.ok
  })
}

/** @returns the billing event; `null` for another type and without a readable timestamp. */
function decode({ type, timestamp, claims }: ReadEvent) {
  return isBillingEventType(type) && timestamp !== undefined ? decodeBillingEvent(claims) : null
}

function describe(event: ReadEvent, terminal: Terminal): string {
  const decoded = decode(event)
  const rows: [string, string][] =
    decoded !== null
      ? eventLines(decoded)
      : [
          ['type', printable(event.type)],
          ['id', printable(event.id)],
          ['source', printable(event.source ?? '')],
          ['timestamp', event.timestamp?.toISOString() ?? 'cannot be read'],
        ]
  const note = isBillingEventType(event.type) ? '' : '\nNot a billing event: receivers acknowledge it.\n'
  // JSON escapes control characters, but not those that reorder text on a terminal
  const data = JSON.stringify(event.data, null, 2)
    .split('\n')
    .map((line) => printable(line, 2000))
    .join('\n')
  return `${renderTable({ head: ['event', ''], rows }, terminal)}\ndata ${data}\n${note}`
}

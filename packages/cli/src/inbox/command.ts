import { Option } from 'commander'
import { type AddCommand, addHelp } from '../command.js'
import { jsonOption, time, wholeNumber } from '../options.js'
import { healthCommand } from './health.js'
import { listCommand } from './list.js'
import { redeliverCommand } from './redeliver.js'
import { showCommand } from './show.js'

const STATUSES = ['done', 'discarded', 'failed', 'in_progress', 'to_redeliver']
const DATABASE_FAILED = 'the database failed or could not be reached'

const tableOption = (): Option => new Option('--table <table>', "the inbox's table (default: kinde_billing_deliveries)")
const nameOption = (): Option => new Option('--name <name>', "the endpoint's name, if several share the table")
const sinceOption = (): Option =>
  new Option('--since <time>', 'only events that first arrived at this time or later').argParser(time)

/** `kinde-billing inbox list | show | redeliver | health` */
export const addInbox: AddCommand = (program, { terminal, exit }) => {
  const inbox = program.command('inbox')
  addHelp(inbox, {
    summary: 'Look into a Postgres inbox, and have events redelivered.',
    details: 'They take DATABASE_URL from the environment.',
    examples: [
      'inbox health',
      'inbox list --status failed',
      'inbox show event_0123',
      'inbox redeliver --failed --reason "plan codes were missing"',
    ],
    exitCodes: { ok: 'done', finding: DATABASE_FAILED },
  })

  const list = inbox
    .command('list')
    .addOption(new Option('--status <status>', 'only deliveries in this state').choices(STATUSES))
    .option('--type <type>', 'only events of this type')
    .option(
      '--customer <id>',
      'only events that name this customer (customer_…, org_… or kp_…), as far as their claims are kept',
    )
    .addOption(sinceOption())
    .addOption(new Option('--limit <n>', 'deliveries at most').argParser(wholeNumber(1, 1000)).default(50))
    .option('--after <cursor>', 'the next page, as the page before names it')
    .addOption(tableOption())
    .addOption(jsonOption())
    .action(async (options) => exit(await listCommand(options, terminal)))
  addHelp(list, {
    summary: 'List deliveries, those that arrived last first.',
    examples: ['inbox list --status failed --since 2026-05-01', 'inbox list --customer customer_0123 --json'],
    exitCodes: { ok: 'listed', finding: DATABASE_FAILED },
  })

  const show = inbox
    .command('show')
    .argument('<event-id>', "Kinde's event_id")
    .option('--claims', 'also print the claims, which contain personal data')
    .addOption(nameOption())
    .addOption(tableOption())
    .addOption(jsonOption())
    .action(async (eventId: string, options) => exit(await showCommand(eventId, options, terminal)))
  addHelp(show, {
    summary: 'Show one delivery: its state, attempts and last error.',
    examples: ['inbox show event_0123', 'inbox show event_0123 --claims --json'],
    exitCodes: { ok: 'shown', finding: `the inbox does not know it, or ${DATABASE_FAILED}` },
  })

  const redeliver = inbox
    .command('redeliver')
    .argument('[event-ids...]', 'the events')
    .option('--failed', 'every event that has failed')
    .addOption(sinceOption())
    .requiredOption('--reason <text>', 'why; it is recorded, and handlers see it')
    .option('--even-if-done', 'also events that have been handled')
    .addOption(tableOption())
    .addOption(jsonOption())
    .action(async (eventIds: string[], options) => exit(await redeliverCommand(eventIds, options, terminal)))
  addHelp(redeliver, {
    summary: 'Mark events for redelivery.',
    details: 'Nothing runs yet: your application runs them with redeliver() of @kinde-billing/postgres.',
    examples: [
      'inbox redeliver event_0123 --reason "fixed in 1.4.2"',
      'inbox redeliver --failed --since 2026-05-01 --reason "plan codes were missing"',
    ],
    exitCodes: { ok: 'marked', finding: `none of the events can be redelivered, or ${DATABASE_FAILED}` },
  })

  const health = inbox
    .command('health')
    .addOption(nameOption())
    .addOption(tableOption())
    .addOption(jsonOption())
    .action(async (options) => exit(await healthCommand(options, terminal)))
  addHelp(health, {
    summary: 'Show what arrived last, what fails, and when Kinde gives up.',
    examples: ['inbox health', 'inbox health --json'],
    exitCodes: { ok: 'nothing fails', finding: `events fail, or ${DATABASE_FAILED}` },
  })
}

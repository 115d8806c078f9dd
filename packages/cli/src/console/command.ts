import { Option } from 'commander'
import { type AddCommand, addHelp } from '../command.js'
import { policyOption } from '../database/policy.js'
import { jsonOption, wholeNumber } from '../options.js'
import { consoleCommand } from './serve.js'

/** `kinde-billing console` */
export const addConsole: AddCommand = (program, { terminal, exit }) => {
  const command = program
    .command('console')
    .addOption(new Option('--port <port>', 'port to listen on').argParser(wholeNumber(0, 65_535)).default(4419))
    .option('--allow-actions', 'offer redelivery, and with management credentials comparing and syncing')
    .option('--table <table>', "the inbox's table (default: kinde_billing_deliveries)")
    .option('--states-table <table>', "the state store's table (default: kinde_billing_states)")
    .addOption(policyOption())
    .addOption(jsonOption('write one JSON document when it is ready'))
    .action(async (options) => exit(await consoleCommand(options, terminal)))
  addHelp(command, {
    summary: 'Serve a page with deliveries, customers and why they have access.',
    details:
      'It takes DATABASE_URL from the environment, and answers on this machine only. Without --allow-actions it writes nothing. Mount @kinde-billing/console in your application to run handlers.',
    examples: ['console', 'console --port 5000 --allow-actions', 'console --policy policy.json'],
    notes: `If your application has a policy, pass the same, as {"pastDueGraceMs": 1209600000}, so that the page gives the same reasons.

Every program on this machine can open the page while it runs. With --allow-actions, events are marked and your
application runs them; actions are recorded under your user name.`,
    exitCodes: { ok: 'stopped by Ctrl-C', finding: 'the database failed or could not be reached' },
  })
}

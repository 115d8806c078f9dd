import { type AddCommand, addHelp } from '../command.js'
import { jsonOption } from '../options.js'
import { deleteCommand } from './delete.js'
import { ensureCommand } from './ensure.js'
import { listCommand } from './list.js'

const yesOption = ['--yes', 'do not ask before anything is changed in Kinde'] as const
const KINDE_FAILED = 'Kinde refused, failed or could not be reached'

/** `kinde-billing webhooks list | ensure | delete` */
export const addWebhooks: AddCommand = (program, { terminal, exit }) => {
  const webhooks = program.command('webhooks')
  addHelp(webhooks, {
    summary: 'Show, set up and delete the webhooks of your Kinde environment.',
    details:
      'They take KINDE_DOMAIN, KINDE_MANAGEMENT_CLIENT_ID and KINDE_MANAGEMENT_CLIENT_SECRET from the environment.',
    examples: [
      'webhooks list',
      'webhooks ensure --endpoint https://app.example/webhooks/kinde',
      'webhooks delete we_0123',
    ],
    exitCodes: { ok: 'done, or nothing to do', finding: KINDE_FAILED },
  })

  const list = webhooks
    .command('list')
    .addOption(jsonOption())
    .action(async (options) => exit(await listCommand(options, terminal)))
  addHelp(list, {
    summary: 'Show the webhooks, and which billing events each one gets.',
    examples: ['webhooks list', 'webhooks list --json'],
    exitCodes: { ok: 'shown', finding: KINDE_FAILED },
  })

  const ensure = webhooks
    .command('ensure')
    .requiredOption('--endpoint <url>', 'the public https: URL of your receiver')
    .option(
      '--events <types>',
      'event types, separated by commas (default: all billing events that your tenant offers)',
    )
    .option('--name <name>', 'name of the webhook')
    .option('--replaces <url>', 'endpoint that this one takes over from: its webhook is deleted')
    .option('--delete-first', 'delete the replaced webhook before the new one is created, for plans with one webhook')
    .option('--dry-run', 'show what would change, and change nothing')
    .option(...yesOption)
    .addOption(jsonOption())
    .action(async (options) => exit(await ensureCommand(options, terminal)))
  addHelp(ensure, {
    summary: 'Create or update the webhook of an endpoint. Run twice, it changes nothing.',
    details:
      'It compares the endpoints as URLs, shows the difference and asks. Events that are ticked already stay ticked. Kinde cannot change the URL of a webhook: --replaces creates the new one, then deletes the old one.',
    examples: [
      'webhooks ensure --endpoint https://app.example/webhooks/kinde',
      'webhooks ensure --endpoint https://new.example/webhooks/kinde --replaces https://old.example/webhooks/kinde',
      'webhooks ensure --endpoint https://app.example/webhooks/kinde --events customer.plan_changed,user.created --yes',
    ],
    exitCodes: { ok: 'done, or nothing to do', finding: `not done: ${KINDE_FAILED}, or you said no` },
  })

  const remove = webhooks
    .command('delete')
    .argument('<id>', 'the id, as list shows it')
    .option(...yesOption)
    .addOption(jsonOption())
    .action(async (id: string, options) => exit(await deleteCommand(id, options, terminal)))
  addHelp(remove, {
    summary: 'Delete a webhook.',
    examples: ['webhooks delete we_0123'],
    exitCodes: { ok: 'deleted', finding: `not deleted: ${KINDE_FAILED}, it does not exist, or you said no` },
  })
}

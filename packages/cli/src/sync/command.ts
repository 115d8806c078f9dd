import { type AddCommand, addHelp } from '../command.js'
import { policyOption } from '../database/policy.js'
import { jsonOption } from '../options.js'
import { syncCommand } from './run.js'

/** `kinde-billing sync [customer]` */
export const addSync: AddCommand = (program, { terminal, exit }) => {
  const command = program
    .command('sync')
    .argument('[customer]', 'one customer: its customer_… id, a user id (kp_…) or an organization code (org_…)')
    .option('--dry-run', 'show how the stored states and Kinde differ, and change nothing')
    .option('--check', 'like --dry-run, and exit with 1 if they differ: for cron')
    .option('--yes', 'do not ask before states are changed')
    .option('--progress <file>', 'keep the progress in a file, and continue from it if it exists')
    .option('--table <table>', "the states' table (default: kinde_billing_states)")
    .addOption(policyOption())
    .addOption(jsonOption())
    .action(async (customer: string | undefined, options) => exit(await syncCommand(customer, options, terminal)))
  addHelp(command, {
    summary: 'Compare what your database says of customers with what Kinde says, and bring it up to date.',
    details: `Without a flag it compares, shows the differences and asks. An error, a missing scope or a list that was not read to its end never takes access away. Your application's onChange is not called: to send mails or to provision, call syncAll of @kinde-billing/management in the application.`,
    examples: ['sync --dry-run', 'sync --check', 'sync org_5e8c0f --yes', 'sync --yes --progress sync.json'],
    notes: `It computes the columns of the states' table by the default policy, or by that of --policy: {"pastDueGraceMs": 1209600000}.\nIt knows no catalogue of plans. If your application has one, call syncAll in the application instead.\n\nEnvironment: DATABASE_URL; KINDE_DOMAIN, KINDE_MANAGEMENT_CLIENT_ID and KINDE_MANAGEMENT_CLIENT_SECRET.
Scopes: read:users, read:organizations, read:billing_agreements.`,
    exitCodes: {
      ok: 'done; with --check, nothing differs',
      finding: 'with --check, something differs; or a customer could not be read, the run was stopped, or you said no',
    },
  })
}

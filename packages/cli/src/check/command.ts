import { type AddCommand, addHelp } from '../command.js'
import type { TargetOptions } from '../endpoint/target.js'
import { EXIT, type ExitCode } from '../exit-codes.js'
import { requireIssuer } from '../issuer/read-issuer.js'
import { jsonOption } from '../options.js'
import { printable } from '../output/event-lines.js'
import { renderTable } from '../output/table.js'
import type { Terminal } from '../terminal.js'
import { UsageError } from '../usage-error.js'
import type { CheckResult } from './finding.js'
import { runChecks } from './run.js'

/** The options of `kinde-billing check`. */
export interface CheckCommandOptions extends Pick<TargetOptions, 'lookup'> {
  readonly endpoint: string
  readonly issuer?: string | undefined
  readonly name?: string | undefined
  readonly table?: string | undefined
  readonly json?: boolean | undefined
}

/** `kinde-billing check --endpoint <url>` */
export const addCheck: AddCommand = (program, { terminal, exit }) => {
  const command = program
    .command('check')
    .requiredOption('--endpoint <url>', 'the URL that is registered in Kinde')
    .option('--issuer <url>', 'your Kinde domain, as the receiver has it (default: $KINDE_ISSUER_URL)')
    .option('--name <name>', "the endpoint's name in its inbox (default: all that share the table)")
    .option('--table <table>', "the inbox's table (default: kinde_billing_deliveries)")
    .addOption(jsonOption())
    .action(async (options) => exit(await checkCommand(options, terminal)))
  addHelp(command, {
    summary: 'Check a production setup, read-only: key set, webhook, endpoint, clocks and inbox.',
    details: `It sends one request to the endpoint, with a forged token that no receiver hands to a handler. Made for cron: each run asks Kinde for one token, and Kinde's free plan has 2,000 a month, so run it hourly at most.`,
    examples: [
      'check --endpoint https://app.example/webhooks/kinde',
      'check --endpoint https://app.example/webhooks/kinde --json',
    ],
    notes: `Environment: KINDE_ISSUER_URL; KINDE_DOMAIN, KINDE_MANAGEMENT_CLIENT_ID and KINDE_MANAGEMENT_CLIENT_SECRET for the webhook;
DATABASE_URL for the inbox.`,
    exitCodes: { ok: 'nothing was found', finding: 'something is wrong' },
  })
}

/**
 * Runs all checks and prints them.
 *
 * @throws UsageError for a missing or wrong issuer, and for an endpoint that is not a URL
 */
export async function checkCommand(options: CheckCommandOptions, terminal: Terminal): Promise<ExitCode> {
  const { endpoint, lookup, name, table, json } = options
  if (!URL.canParse(endpoint))
    throw new UsageError(`--endpoint is not a URL. Pass one such as https://app.example/webhooks/kinde.`)
  const issuer = requireIssuer(options.issuer, terminal)
  const results = await runChecks({ endpoint, issuer, name, table, lookup }, terminal)
  const isOk = results.every(({ verdict }) => verdict !== 'found')
  terminal.out(json ? `${JSON.stringify({ ok: isOk, checks: results }, null, 2)}\n` : describeChecks(results, terminal))
  return isOk ? EXIT.ok : EXIT.finding
}

function describeChecks(results: readonly CheckResult[], terminal: Terminal): string {
  const { colors } = terminal
  const marks = { ok: colors.green('✓'), found: colors.red('✗'), unknown: colors.yellow('?') }
  const rows = results.map(({ title, verdict, seen }) => [marks[verdict], title, printable(seen, 400)])
  const fixes = results.filter(({ verdict, fix }) => verdict !== 'ok' && fix !== undefined)
  const count = results.filter(({ verdict }) => verdict === 'found').length
  return [
    renderTable({ head: ['', 'check', 'seen'], rows }, terminal),
    ...fixes.map(({ title, verdict, fix }) => `${marks[verdict]} ${colors.bold(title)}: ${fix}\n`),
    count === 0
      ? colors.green('Nothing is wrong.')
      : colors.red(`${count} ${count === 1 ? 'thing is' : 'things are'} wrong.`),
    '\n',
  ].join('')
}

import {
  assertFunction,
  assertKnownOptions,
  assertMethods,
  errorMessage,
  invalidConfiguration,
  stackFrames,
} from '@kinde-billing/core/internal'
import type { ManagementClient } from '@kinde-billing/management'
import {
  type ActionLog,
  type AnyPostgresPool,
  createActionLog,
  createPostgresStateStore,
  type PostgresStateStore,
  type RedeliveryReceiver,
  type StateClient,
  schemaSql,
} from '@kinde-billing/postgres'
import type { AccessPolicy, BillingChange, BillingChangeContext } from '@kinde-billing/state'
import { newSecret } from './actions/token.js'

/** The answer of `authorize`: `true`, or the operator's name, lets in; everything else does not. */
export type Authorization =
  | boolean
  | string
  | {
      /** The operator's name. */
      readonly name: string
    }
  | null
  | undefined

/** The options of {@link createConsole}. */
export interface ConsoleOptions {
  /** The application's pool, or its PGlite: the database of the inbox and of the states. */
  readonly pool: AnyPostgresPool
  /**
   * Decides for every request, also for styles and live updates, who may use the console. Return `true` or
   * the operator's name (`'ada@acme.example'`, or `{ name }`) to let a request in, and `false` or `null` to refuse it. With a
   * name, actions are recorded under it. An empty name and anything else refuse. Return the name of a person whom you have
   * checked, never a header or a cookie as it came. Do not read the request's body. An error, thrown or returned, and no answer
   * within 10 seconds refuse too, and reach `onError`.
   */
  readonly authorize: (request: Request) => Authorization | Promise<Authorization>
  /** The receiver whose handlers run when an operator redelivers. Default: none; deliveries are marked for `redeliver()`. */
  readonly receiver?: RedeliveryReceiver<unknown> | undefined
  /** Makes the `delivery.context` that handlers see in a redelivery, as `context` of `redeliver()`. */
  readonly context?: ((delivery: { readonly issuer: string; readonly eventId: string }) => unknown) | undefined
  /** The client of Kinde's Management API, for comparing customers with Kinde. Default: none; comparing is not offered. */
  readonly client?: ManagementClient | undefined
  /** The path that the console is mounted at, such as `/billing`. Default: the root of the server. */
  readonly basePath?: string | undefined
  /** The rules by which your application decides access. Pass the same, so that the console gives the same reasons. */
  readonly policy?: AccessPolicy | undefined
  /** Called with what a sync has changed, in its transaction: the same function as your state handler's. */
  readonly onChange?:
    | ((changes: readonly BillingChange[], context: BillingChangeContext<StateClient>) => unknown)
    | undefined
  /** Offers no actions, and writes nothing to the database. Default: `false`. */
  readonly readOnly?: boolean | undefined
  /** The names of the tables, if they are not the defaults of `@kinde-billing/postgres`. */
  readonly tables?: ConsoleTables | undefined
  /**
   * Called with errors that the page shows in short, such as a database that cannot be reached. Default: message, causes and
   * stack go to `console.error`, without the members that drivers add, such as the parameters of a query.
   */
  readonly onError?: ((error: unknown) => void) | undefined
  /** The present, in epoch milliseconds. Default: `Date.now`. */
  readonly now?: (() => number) | undefined
}

/** Names of tables: as `table` of the functions of `@kinde-billing/postgres`. */
export interface ConsoleTables {
  /** The inbox's table. Default: `kinde_billing_deliveries`. */
  readonly deliveries?: string | undefined
  /** The state store's table. Default: `kinde_billing_states`. */
  readonly states?: string | undefined
  /** The table of actions, which the console creates before the first action. Default: `kinde_billing_actions`. */
  readonly actions?: string | undefined
}

/** The options with their defaults, and what is made of them once. */
export interface Settings extends Pick<ConsoleOptions, 'pool' | 'authorize' | 'receiver' | 'context' | 'client'> {
  readonly basePath: string
  readonly policy: AccessPolicy | undefined
  readonly onChange: ConsoleOptions['onChange']
  readonly readOnly: boolean
  readonly tables: ConsoleTables
  readonly onError: (error: unknown) => void
  readonly now: () => number
  readonly store: PostgresStateStore
  readonly actions: ActionLog
  /** The secret that signs forms: in the database, so that a form outlives a restart and any process can take it. */
  readonly secret: () => Promise<string>
}

const OPTIONS = [
  'pool',
  'authorize',
  'receiver',
  'context',
  'client',
  'basePath',
  'policy',
  'onChange',
  'readOnly',
  'tables',
  'onError',
  'now',
]

/** @throws KindeWebhookError `invalid_configuration` */
export function resolveOptions(options: ConsoleOptions): Settings {
  assertKnownOptions('createConsole', options, OPTIONS)
  const { pool, authorize, tables = {}, policy, now = () => Date.now(), readOnly = false } = options
  if (typeof authorize !== 'function')
    throw invalidConfiguration(
      'authorize',
      authorize,
      'pass a function that says who may use the console: (request) => true, { name } or false. There is no default',
    )
  if (typeof pool !== 'object' || pool === null)
    throw invalidConfiguration('pool', pool, "pass the application's Pool of pg, or its PGlite")
  assertKnownOptions('tables', tables, ['deliveries', 'states', 'actions'])
  for (const name of ['context', 'onChange', 'onError', 'now'] as const) assertFunction(name, options[name])
  if (typeof readOnly !== 'boolean') throw invalidConfiguration('readOnly', readOnly, 'pass true or false')
  const { receiver, client } = options
  if (receiver !== undefined)
    assertMethods('receiver', receiver, ['redeliver'], 'pass the result of createBillingReceiver()')
  if (client !== undefined)
    assertMethods('client', client, ['agreements', 'customers'], 'pass the result of createManagementClient()')
  // Throws if the name is not one of a table. The others are checked by what is created for them.
  schemaSql({ table: tables.deliveries })
  const actions = createActionLog({ pool, table: tables.actions })
  return {
    pool,
    authorize,
    receiver,
    context: options.context,
    client,
    basePath: parseBasePath(options.basePath),
    policy,
    onChange: options.onChange,
    readOnly,
    tables,
    onError: options.onError ?? printError,
    now,
    store: createPostgresStateStore({ pool, policy, now, table: tables.states }),
    actions,
    secret: rememberSecret(actions),
  }
}

/** Creates the table of actions before the first form is shown, and asks once. A failure is not remembered. */
function rememberSecret(actions: ActionLog): () => Promise<string> {
  let secret: Promise<string> | undefined
  return () => {
    secret ??= actions.ensureSchema().then(() => actions.secret(newSecret()))
    secret.catch(() => {
      secret = undefined
    })
    return secret
  }
}

function parseBasePath(basePath = ''): string {
  if (typeof basePath === 'string') {
    const path = basePath.replace(/\/$/, '')
    if (/^(?:\/[\w.~-]+)*$/.test(path) && !/\/\.\.?(?:\/|$)/.test(path)) return path
  }
  throw invalidConfiguration('basePath', basePath, 'pass a path such as "/billing", or leave it out for the root')
}

function printError(error: unknown): void {
  console.error([`[kinde-billing] console: ${errorMessage(error)}`, stackFrames(error)].filter(Boolean).join('\n'))
}

import { invalidConfiguration } from '@kinde-billing/core/internal'

/** Where deliveries are kept. */
export interface TableOptions {
  /**
   * The table's name, with its schema if it is not on the search path: lower-case letters, digits and `_`, such as
   * `billing.deliveries`. Default: `kinde_billing_deliveries`.
   */
  table?: string | undefined
}

const DEFAULT_TABLE = 'kinde_billing_deliveries'

/**
 * Returns the table's name, which is safe to stand in a statement as it is.
 *
 * @throws KindeWebhookError `invalid_configuration`
 */
export function tableName({ table = DEFAULT_TABLE }: TableOptions = {}): string {
  // 48 characters leave room for the names of its indexes within Postgres's 63.
  if (typeof table === 'string' && /^(?:[a-z_][a-z0-9_]{0,62}\.)?[a-z_][a-z0-9_]{0,47}$/.test(table)) return table
  throw invalidConfiguration(
    'table',
    table,
    `use lower-case letters, digits and "_", at most 48 of them, and at most a schema before them, such as "${DEFAULT_TABLE}"`,
  )
}

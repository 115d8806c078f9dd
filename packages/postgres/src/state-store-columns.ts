import type { BillingSummary } from '@kinde-billing/state'

/** The columns that are written beside the state, with the types of their parameters. */
const COLUMNS = {
  customer_id: 'text',
  org_code: 'text',
  user_id: 'text',
  access: 'text',
  has_access: 'boolean',
  plan_code: 'text',
  features: 'jsonb',
  next_invoice_on: 'timestamptz',
  period_ends_on: 'timestamptz',
  changed_at: 'timestamptz',
  review_at: 'timestamptz',
} as const

/** The assignments of an update, whose parameters begin after `$<offset>`. */
export function columnAssignments(offset: number): string {
  return Object.entries(COLUMNS)
    .map(([name, type], index) => {
      const parameter = `$${offset + index + 1}::${type}`
      return name === 'features'
        ? `features = array(select jsonb_array_elements_text(${parameter}))`
        : `${name} = ${parameter}`
    })
    .join(', ')
}

/** The parameters of {@link columnAssignments}. */
export function columnValues(summary: BillingSummary, features: readonly string[]): unknown[] {
  const { customer, access, hasAccess, plan } = summary
  return [
    sqlText(customer.id),
    sqlText(customer.orgCode),
    sqlText(customer.userId),
    access,
    hasAccess,
    sqlText(plan?.code),
    JSON.stringify(features.flatMap((feature) => sqlText(feature) ?? [])),
    sqlTime(summary.nextInvoiceOn),
    sqlTime(summary.periodEndsOn),
    sqlTime(summary.changedAt),
    sqlTime(summary.reviewAt),
  ]
}

/** Longer texts do not fit into an index. Kinde's ids and codes are far shorter. */
const MAX_CHARACTERS = 256

/** Text that Postgres can hold; anything else is left to the state. */
export function sqlText(text: string | undefined): string | null {
  if (text === undefined || text.length > MAX_CHARACTERS || /\0|\p{Cs}/u.test(text)) return null
  return text
}

/** A moment that Postgres can read: years of four digits. */
export function sqlTime(date: Date | undefined): string | null {
  if (date === undefined) return null
  const year = date.getUTCFullYear()
  return year >= 1 && year <= 9999 ? date.toISOString() : null
}

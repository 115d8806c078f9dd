import {
  type CustomerStateCounts,
  type CustomerStateRow,
  countCustomerStates,
  listCustomerStates,
} from '@kinde-billing/postgres'
import { type Access, summarize } from '@kinde-billing/state'
import { type Html, html } from '../html.js'
import { empty, heading, pager, region } from '../parts/blocks.js'
import { shortHash } from '../parts/delivery-rows.js'
import { dateOf, timeOf } from '../parts/time.js'
import { ACCESSES, accessBadge, accessWord, idOf, name, nameInKey } from '../parts/words.js'
import { type Page, pathTo, type View } from '../view.js'

/** The list of customers: access, plan, search, count. */
export async function customersPage(view: View): Promise<Page> {
  const search = view.query.get('q')?.trim() || undefined
  const access = ACCESSES.find((one) => one === view.query.get('access'))
  const after = view.query.get('after') || undefined
  const { pool, tables } = view.settings
  const [counts, page] = await Promise.all([
    countCustomerStates(pool, { search, table: tables.states }),
    listCustomerStates(pool, { search, access, after, limit: 50, table: tables.states }),
  ])
  const rows = await Promise.all(page.customers.map((row) => currentRow(view, row)))
  const here = (change: Record<string, string | undefined>): string =>
    pathTo(view, ['customers'], { q: search, access, ...change })
  const list =
    rows.length > 0
      ? html`<div class="rows customers"><p class="columns" aria-hidden="true"><span>Access</span><span>Customer</span><span>Plan</span><span>Next invoice</span><span>Last event</span></p><ul>${rows.map((row) => customerRow(view, row))}</ul></div>`
      : search !== undefined || access !== undefined
        ? empty(
            'No customer matches.',
            html`Search by customer id, organization code, user id or plan. <a href="${pathTo(view, ['customers'])}">Show all customers</a>.`,
          )
        : empty(
            'No customer is known yet.',
            'Customers appear with their first billing event, if your endpoint keeps states: createBillingStateHandler of @kinde-billing/state.',
          )
  return {
    title: search === undefined ? 'Customers' : `Customers: ${search.slice(0, 60)}`,
    section: 'customers',
    main: html`${region('head', heading('Customers', html`<p class="count">${counts.total.toLocaleString('en')} ${search === undefined ? 'known' : 'found'}</p>`), 'div')}
${region('tools', html`<nav class="tabs" aria-label="Access">${tabs(here, counts, access)}</nav>${search !== undefined && html`<p class="searched">Search: ${name(search)} <a href="${pathTo(view, ['customers'], { access })}">Clear</a></p>`}`, 'div')}
${region('list', html`<h2 class="unseen">${access === undefined ? 'All customers' : accessWord(access)}</h2>${list}${pager(after === undefined ? undefined : here({}), page.next && here({ after: page.next }), rows.length, rows.length === 1 ? 'customer' : 'customers')}`)}`,
  }
}

function tabs(
  here: (change: Record<string, string | undefined>) => string,
  counts: CustomerStateCounts,
  current: Access | undefined,
): Html[] {
  return [undefined, ...ACCESSES].map(
    (access) =>
      html`<a href="${here({ access })}"${access === current ? html` aria-current="true"` : undefined}>${access === undefined ? 'All' : accessWord(access)} <span class="number">${counts[access ?? 'total'].toLocaleString('en')}</span></a>`,
  )
}

/** The row as of now: where time alone may have changed the access since it was written, the state is asked. */
async function currentRow(view: View, row: CustomerStateRow): Promise<CustomerStateRow> {
  const { settings, now } = view
  if (row.reviewAt === undefined || row.reviewAt.getTime() > now) return row
  const { access } = summarize(await settings.store.read(row.key), { now, policy: settings.policy })
  return { ...row, access }
}

function customerRow(view: View, row: CustomerStateRow): Html {
  const { key, customerId, orgCode, userId, access, planCode } = row
  const other = [orgCode, userId].filter((one) => one !== undefined && one !== (customerId ?? orgCode ?? userId))
  return html`<li><a id="row-${shortHash(key)}" class="row" href="${pathTo(view, ['customers', key])}" data-row><span class="cell-status">${accessBadge(access)}</span><span class="cell-main">${idOf(customerId ?? orgCode ?? userId ?? nameInKey(key))} ${other.map((one) => html`<span class="quiet">${name(one)}</span>`)}</span><span class="cell-plan">${name(planCode)}</span><span class="cell-due">${dateOf(row.nextInvoiceOn, view.now)}</span><span class="cell-time">${row.changedAt === undefined ? html`<span class="none">–</span>` : timeOf(row.changedAt, view.now)}</span></a></li>`
}

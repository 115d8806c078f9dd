import { BILLING_EVENT_TYPES } from '@kinde-billing/core'
import { type ListDeliveriesOptions, listDeliveries } from '@kinde-billing/postgres'
import { type Html, html } from '../html.js'
import { redeliverAllForm } from '../parts/action-forms.js'
import { empty, heading, pager, region } from '../parts/blocks.js'
import { deliveryRows } from '../parts/delivery-rows.js'
import { STATUSES, statusWord } from '../parts/words.js'
import { type Page, pathTo, type View } from '../view.js'

/** The list of deliveries, with its filters. */
export async function deliveriesPage(view: View): Promise<Page> {
  const filters = readFilters(view)
  const after = view.query.get('after') || undefined
  const { pool, tables } = view.settings
  const { deliveries, next } = await listDeliveries(pool, { ...filters, after, limit: 50, table: tables.deliveries })
  const here = (change: Record<string, string | undefined>): string =>
    pathTo(view, ['deliveries'], { ...filters, ...change })
  const isFiltered = Object.values(filters).some((value) => value !== undefined)
  const list =
    deliveries.length > 0
      ? deliveryRows(view, deliveries)
      : isFiltered
        ? empty(
            'No delivery matches.',
            html`<a href="${pathTo(view, ['deliveries'])}">Show all deliveries</a>. A customer is known only as long as the claims are kept.`,
          )
        : empty(
            'Nothing has arrived yet.',
            'Register your endpoint in Kinde, or send a test delivery: kinde-billing trigger.',
          )
  return {
    title: 'Deliveries',
    section: 'deliveries',
    main: html`${heading('Deliveries')}
<div class="tools"><nav class="tabs" aria-label="Status">${[undefined, ...STATUSES].map(
      (status) =>
        html`<a href="${here({ status })}"${status === filters.status ? html` aria-current="true"` : undefined}>${status === undefined ? 'All' : statusWord(status)}</a>`,
    )}</nav>${filterForm(view, filters)}</div>
${region('notice', html`${filters.status === 'failed' && deliveries.length > 0 ? redeliverAllForm(view) : undefined}`, 'div')}
${region('list', html`<h2 class="unseen">${filters.status === undefined ? 'All deliveries' : statusWord(filters.status)}</h2>${list}${pager(after === undefined ? undefined : here({}), next && here({ after: next }), deliveries.length, deliveries.length === 1 ? 'delivery' : 'deliveries')}`)}`,
  }
}

type Filters = Pick<ListDeliveriesOptions, 'status' | 'type' | 'customer'>

function readFilters({ query }: View): Filters {
  const text = (name: string) => query.get(name)?.replaceAll('\0', '').trim() || undefined
  // An unknown status is refused by the list.
  return { status: STATUSES.find((one) => one === text('status')), type: text('type'), customer: text('customer') }
}

function filterForm(view: View, { status, type, customer }: Filters): Html {
  const types: readonly string[] = BILLING_EVENT_TYPES
  const options = type === undefined || types.includes(type) ? types : [...types, type]
  return html`<form class="filters" action="${pathTo(view, ['deliveries'])}" method="get">${status && html`<input type="hidden" name="status" value="${status}">`}<label><span>Type</span><select name="type" data-submit><option value="">All types</option>${options.map(
    (one) => html`<option${one === type ? html` selected` : undefined} value="${one}">${one}</option>`,
  )}</select></label><label><span>Customer</span><input name="customer" value="${customer ?? ''}" placeholder="Exact id" maxlength="256" spellcheck="false"></label><button>Filter</button></form>`
}

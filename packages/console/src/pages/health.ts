import { countCustomerStates, type InboxHealth, inboxHealth, listDeliveries } from '@kinde-billing/postgres'
import { type Html, html } from '../html.js'
import { actionRow } from '../parts/action-forms.js'
import { empty, heading, region } from '../parts/blocks.js'
import { deliveryRows } from '../parts/delivery-rows.js'
import { kindeCheck } from '../parts/kinde-check.js'
import { timeOf } from '../parts/time.js'
import { ACCESSES, accessWord, eventWords } from '../parts/words.js'
import { type Page, pathTo, type View } from '../view.js'
import { hasSqlState } from './message.js'

/** The first page: do events arrive, are they handled, and what needs a decision. */
export async function healthPage(view: View): Promise<Page> {
  const { pool, tables, actions } = view.settings
  const table = tables.deliveries
  const [health, failed, counts, log] = await Promise.all([
    inboxHealth(pool, { table }),
    listDeliveries(pool, { status: 'failed', limit: 5, table }),
    countCustomerStates(pool, { table: tables.states }).catch((error: unknown) => {
      // Without a state store, deliveries can still be looked after.
      if (hasSqlState(error, '42P01')) return undefined
      throw error
    }),
    actions.list({ limit: 5 }),
  ])
  const failures =
    failed.deliveries.length === 0
      ? empty('Nothing has failed.', 'Failed deliveries appear here, with their error and the way to run them again.')
      : html`${deliveryRows(view, failed.deliveries)}${failed.next && html`<p><a href="${pathTo(view, ['deliveries'], { status: 'failed' })}">All failed deliveries</a></p>`}`
  return {
    title: 'Health',
    section: 'health',
    main: html`${heading('Health')}
${region('state', html`${verdict(view, health)}${numbers(view, health)}`, 'div')}
<div class="split"><div>
${region('failed', html`<h2>Failed deliveries</h2>${failures}`)}
${log.actions.length > 0 && region('log', html`<h2>Activity</h2><ul class="log">${log.actions.map((action) => actionRow(view, action))}</ul>`)}
</div><aside>
${counts && region('customers', html`<h2>Customers</h2>${counts.total === 0 ? html`<p class="quiet">None yet.</p>` : html`<ul class="counts">${ACCESSES.filter((access) => counts[access] > 0 || access !== 'none').map((access) => html`<li><a href="${pathTo(view, ['customers'], { access })}"><span>${accessWord(access)}</span> <span class="number">${counts[access].toLocaleString('en')}</span></a></li>`)}</ul>`}`)}
<!--static--><section id="kinde"><h2>Kinde</h2>${await kindeCheck(view)}</section><!--/static-->
</aside></div>`,
  }
}

/** One sentence: is there anything to do? */
function verdict({ now }: View, { failing, failingSince, disabledAt, lastArrivalAt, dead }: InboxHealth): Html {
  const events = failing === 1 ? 'One event has' : `${failing.toLocaleString('en')} events have`
  if (failing > 0 && failingSince !== undefined && disabledAt !== undefined)
    return html`<div class="notice bad"><p><strong>Everything that arrives fails.</strong> Since ${timeOf(failingSince, now)}.</p><p>If nothing succeeds, Kinde disables the endpoint ${disabledAt.getTime() > now ? '' : 'around '}${timeOf(disabledAt, now)}.</p></div>`
  if (failing > 0)
    return html`<div class="notice warn"><p><strong>${events} failed and ${failing === 1 ? 'is' : 'are'} not done.</strong> Others are handled.</p>${dead > 0 && html`<p>${dead === 1 ? 'One of them is' : `${dead.toLocaleString('en')} of them are`} retried by nothing any more: redeliver or leave ${dead === 1 ? 'it' : 'them'}.</p>`}</div>`
  if (lastArrivalAt === undefined)
    return html`<div class="notice quiet"><p><strong>Nothing has arrived yet.</strong></p><p>Register your endpoint in Kinde, or send a test delivery: <code>kinde-billing trigger</code>.</p></div>`
  return html`<div class="notice good"><p><strong>All is well.</strong> Every event that arrived has been handled.</p></div>`
}

function numbers(view: View, health: InboxHealth): Html {
  const { now } = view
  const { oldestFailure, failing, toRedeliver } = health
  const count = (value: number, status: string) =>
    html`<a class="number" href="${pathTo(view, ['deliveries'], { status })}">${value.toLocaleString('en')}</a>`
  return html`<dl class="numbers"><div><dt>Last arrival</dt><dd>${timeOf(health.lastArrivalAt, now)}</dd></div><div><dt>Last success</dt><dd>${timeOf(health.lastSuccessAt, now)}</dd></div><div><dt>Failing</dt><dd>${count(failing, 'failed')}</dd></div><div><dt>To redeliver</dt><dd>${count(toRedeliver, 'to_redeliver')}</dd></div>${
    oldestFailure &&
    html`<div><dt>Oldest failure</dt><dd><a href="${pathTo(view, ['deliveries', oldestFailure.eventId])}">${eventWords(oldestFailure.type)}</a> ${timeOf(oldestFailure.firstSeenAt, now)}</dd></div><div><dt>${oldestFailure.kindeStopsAt.getTime() > now ? 'Kinde stops trying it' : 'Kinde stopped trying it'}</dt><dd>${timeOf(oldestFailure.kindeStopsAt, now)}</dd></div>`
  }</dl>`
}

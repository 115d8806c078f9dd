import type { CustomerStateRow } from '@kinde-billing/postgres'
import type { Access, BillingSummary } from '@kinde-billing/state'
import { html } from 'hono/html'
import { SCENARIOS } from '../development/scenarios.js'
import { PLAN_NAMES, planCode, plans } from '../plans.js'

interface CustomerView {
  readonly key: string | undefined
  readonly summary: BillingSummary
  readonly customers: readonly CustomerStateRow[]
  /** The result of the button that was pressed. */
  readonly said: string | undefined
  readonly scenarios: { readonly isBroken: boolean } | undefined
}

const ACCESS: Readonly<Record<Access, string>> = {
  active: 'Active',
  past_due: 'Payment due',
  suspended: 'Suspended',
  cancelled: 'Cancelled',
  none: 'No plan',
}

const FEATURES = { dashboards: 'Dashboards', exports: 'Exports', 'audit-log': 'Audit log' } as const

/** The whole page: plan, features and usage of one customer, and the buttons. */
export function customerPage(view: CustomerView) {
  const { key, summary, customers, said, scenarios } = view
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Your plan · Tallgrass</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header><strong>Tallgrass</strong><nav aria-label="Pages"><a href="/" aria-current="page">Your plan</a> <a href="/billing">Console for operators</a></nav></header>
<main>
${scenarios && tools(view, scenarios.isBroken)}
${said && html`<p class="said" role="status">${clean(said)}</p>`}
${key === undefined ? html`<h1>No customer yet</h1><p>Customers appear with their first event.</p>` : plan(summary, key)}
${customers.length > 1 && html`<aside><h2>Sign in as</h2><ul>${customers.map((row) => html`<li><a href="/?customer=${encodeURIComponent(row.key)}"${row.key === key ? html` aria-current="true"` : ''}>${clean(nameOf(row.key))}</a> <span class="quiet">${ACCESS[row.access]}</span></li>`)}</ul></aside>`}
</main>
</body>
</html>`
}

function plan(summary: BillingSummary, key: string) {
  const code = planCode(summary.plan?.code)
  const included = plans.limit(summary, 'calls')
  const used = summary.usage.at(-1)?.quantity ?? 0
  const number = (value: number) => value.toLocaleString('en')
  return html`<article><p class="quiet">${clean(nameOf(key))}</p>
<h1>${summary.hasAccess ? (code ? PLAN_NAMES[code] : clean(summary.plan?.code ?? 'Your plan')) : 'No access'} <span class="badge ${summary.access}">${ACCESS[summary.access]}</span></h1>
<p>${advice(summary)}</p>
<h2>Usage</h2>
<p class="usage"><strong>${number(used)}</strong> ${included > 0 ? `of ${number(included)} calls` : 'calls'}</p>
<meter min="0" max="${Math.max(included, used, 1)}" value="${used}" aria-label="Calls used">${number(used)}</meter>
<h2>Features</h2>
<ul class="features">${Object.entries(FEATURES).map(([feature, label]) => {
    const has = plans.features(summary).some((one) => one === feature)
    return html`<li class="${has ? 'has' : 'lacks'}">${label}<span class="quiet">${has ? 'included' : 'not in this plan'}</span></li>`
  })}</ul>
${code === undefined && summary.hasAccess ? html`<p class="quiet">This plan is not in the application's catalogue, so it gives no features.</p>` : ''}
<p><a href="/billing/customers/${encodeURIComponent(key)}">Why? See this customer in the console</a></p></article>`
}

function advice({ access, nextInvoiceOn }: BillingSummary): string {
  switch (access) {
    case 'active':
      return nextInvoiceOn === undefined
        ? 'All is paid.'
        : `Your next invoice is due on ${nextInvoiceOn.toISOString().slice(0, 10)}.`
    case 'past_due':
      return 'Your last payment did not go through. Update your card to keep your access.'
    case 'suspended':
      return 'Your access is suspended until the open invoice is paid.'
    case 'cancelled':
      return 'Your plan has ended. Choose one to come back.'
    case 'none':
      return 'You have no plan yet.'
  }
}

function tools({ key, summary }: CustomerView, isBroken: boolean) {
  const query = key === undefined ? '' : `?customer=${encodeURIComponent(key)}`
  const possible = Object.entries(SCENARIOS).filter(([, { isPossible }]) => isPossible(summary))
  return html`<section class="tools" aria-label="Development tools"><p class="quiet">Development tools: Kinde is played here</p>
<div>${possible.map(([name, { label }]) => html`<form method="post" action="/development/${name}${query}"><button>${label}</button></form>`)}<form method="post" action="/development/broken${query}"><button>${isBroken ? 'Repair the handler' : 'Break the handler'}</button></form></div></section>`
}

const nameOf = (key: string): string => key.replace(/^\w+:/, '')

/** Text from outside, without characters that hide or turn text round, and not longer than a paragraph. */
const clean = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '').slice(0, 400)

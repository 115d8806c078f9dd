import { type Html, html } from '../html.js'
import { type Page, pathTo, type Section, type View } from '../view.js'

const SECTIONS: readonly (readonly [Section, string])[] = [
  ['health', 'Health'],
  ['deliveries', 'Deliveries'],
  ['customers', 'Customers'],
  ['activity', 'Activity'],
]

/** The path of a section; that of health is the console's own. */
export const sectionPath = (view: View, section: Section): string => pathTo(view, section === 'health' ? [] : [section])

const KEYS: readonly (readonly [string, string])[] = [
  ['/', 'Search'],
  ['j', 'Next row'],
  ['k', 'Previous row'],
  ['Enter', 'Open the row'],
  ['h', 'Health'],
  ['d', 'Deliveries'],
  ['c', 'Customers'],
  ['a', 'Activity'],
  ['Esc', 'Close, or leave the field'],
  ['?', 'These keys'],
]

/** The document around a page. */
export function layout(view: View, { title, section, main }: Page, version: string): Html {
  const asset = (name: string) => pathTo(view, [name])
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title} · Billing console</title>
<link rel="icon" href="${asset('icon.svg')}" type="image/svg+xml">
<link rel="stylesheet" href="${asset('console.css')}">
<script src="${asset('console.js')}" defer></script>
</head>
<body data-live="${pathTo(view, ['live'])}">
<a class="skip" href="#main">Skip to the content</a>
<header class="top">
<a class="brand" href="${sectionPath(view, 'health')}"><svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><rect x="1" y="3" width="14" height="10" rx="2.5"/><path d="M4 8.2 7 10.7 12.2 5.6"/></svg>Billing console</a>
<nav aria-label="Sections">${SECTIONS.map(
    ([id, label]) =>
      html`<a href="${sectionPath(view, id)}" data-section="${id}"${id === section ? html` aria-current="page"` : undefined}>${label}</a>`,
  )}</nav>
<form class="search" role="search" action="${pathTo(view, ['search'])}" method="get"><label><span class="unseen">Search customers and events</span><input name="q" type="search" placeholder="Customer, plan or event id" maxlength="256" autocomplete="off" spellcheck="false" value="${section === 'customers' ? (view.query.get('q') ?? '') : ''}" data-search></label></form>
<p class="live" role="status" hidden></p>
</header>
<main id="main" tabindex="-1" data-version="${version}">
${main}
</main>
<footer class="foot"><span>Times are in UTC. ${view.actor === undefined ? '' : html`Signed in as ${view.actor.slice(0, 200)}.`}${view.settings.readOnly ? ' Read-only.' : ''}</span><button type="button" class="plain" data-keys hidden>Keys <kbd aria-hidden="true">?</kbd></button></footer>
<dialog class="keys" aria-labelledby="keys-title"><h2 id="keys-title">Keys</h2><dl>${KEYS.map(
    ([key, use]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${use}</dd></div>`,
  )}</dl><form method="dialog"><button>Close</button></form></dialog>
</body>
</html>
`
}

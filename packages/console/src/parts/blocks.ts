import { type Html, html } from '../html.js'

/** A heading with its numbers or links at the right. */
export function heading(title: Html | string, aside?: Html): Html {
  return html`<div class="heading"><h1>${title}</h1>${aside}</div>`
}

/** A part of a page that is replaced when something has changed. */
export function region(id: string, content: Html, kind = 'section'): Html {
  return kind === 'section'
    ? html`<section id="${id}" data-live>${content}</section>`
    : html`<div id="${id}" data-live>${content}</div>`
}

/** An empty state: it says why nothing is here, and what to do. */
export function empty(title: string, advice: Html | string): Html {
  return html`<div class="empty"><p><strong>${title}</strong></p><p>${advice}</p></div>`
}

/** A description list. Facts without a value are left out. */
export function facts(entries: readonly (readonly [string, Html | undefined])[]): Html {
  const known = entries.flatMap(([term, value]) =>
    value === undefined ? [] : [html`<div><dt>${term}</dt><dd>${value}</dd></div>`],
  )
  return html`<dl class="facts">${known}</dl>`
}

/** The links to the first and the next page. */
export function pager(first: string | undefined, next: string | undefined, count: number, what: string): Html {
  if (first === undefined && next === undefined) return html``
  return html`<nav class="pager" aria-label="Pages"><span>${count} ${what} on this page</span>${first && html`<a class="button" href="${first}">First page</a>`}${next && html`<a class="button" href="${next}" rel="next">Next page</a>`}</nav>`
}

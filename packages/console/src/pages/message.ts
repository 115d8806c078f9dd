import { errorMessage } from '@kinde-billing/core/internal'
import { html } from '../html.js'
import { empty, heading } from '../parts/blocks.js'
import type { Page, View } from '../view.js'
import { sectionPath } from './layout.js'

/** A page for an address that leads nowhere. */
export function notFoundPage(view: View, what = 'This page does not exist'): Page {
  const links = html`Look among the <a href="${sectionPath(view, 'deliveries')}">deliveries</a> and the <a href="${sectionPath(view, 'customers')}">customers</a>.`
  return {
    status: 404,
    title: 'Not found',
    section: undefined,
    main: html`${heading('Not found')}${empty(`${what}.`, links)}`,
  }
}

/** A page for a request that cannot be answered, with the way back. */
export function refusalPage(
  view: View,
  status: number,
  problem: string,
  back: string = sectionPath(view, 'health'),
): Page {
  return {
    status,
    title: 'Not done',
    section: undefined,
    main: html`${heading('Not done')}<div class="notice bad" role="alert"><p>${problem}</p><p><a href="${back}">Back</a></p></div>`,
  }
}

/** A page for an error, in most cases of the database. */
export function errorPage(view: View, error: unknown): Page {
  const isMissing = hasSqlState(error, '42P01') || hasSqlState(error, '42703')
  const advice = hasSqlState(error, '42501')
    ? 'This database role lacks a privilege. The table of actions is created before the first form: run the SQL of actionSchemaSql() of @kinde-billing/postgres as the owner, or pass readOnly: true.'
    : isMissing
      ? 'A table is missing or of an older version. Call ensureSchema(pool) and ensureStateSchema(pool) of @kinde-billing/postgres when your application starts.'
      : 'The database could not be read. Nothing is lost: deliveries are stored by your application, not by this page. Try again in a moment.'
  return {
    status: 503,
    title: 'Unavailable',
    section: undefined,
    main: html`${heading('Unavailable')}<div class="notice bad" role="alert"><p>${advice}</p><p><code class="wrap">${errorMessage(error, 300)}</code></p><p><a href="${sectionPath(view, 'health')}">Try again</a></p></div>`,
  }
}

/** Finds a code of Postgres in an error or its causes. */
export function hasSqlState(error: unknown, state: string): boolean {
  for (let current = error, depth = 0; current instanceof Error && depth < 5; current = current.cause, depth += 1)
    if ('code' in current && current.code === state) return true
  return false
}

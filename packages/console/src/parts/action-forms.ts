import type { LoggedAction } from '@kinde-billing/postgres'
import { type Html, html } from '../html.js'
import { pathTo, type View } from '../view.js'
import { timeOf } from './time.js'
import { name } from './words.js'

/** A form that does something: a POST with the page's token. Nothing if the console is read-only. */
export function actionForm(view: View, path: readonly string[], content: Html): Html {
  if (view.token === undefined) return html``
  return html`<form class="action" action="${pathTo(view, path)}" method="post"><input type="hidden" name="token" value="${view.token}">${content}</form>`
}

/** The field for the reason of a redelivery, which handlers see. */
export function reasonField(): Html {
  return html`<label class="reason"><span>Reason</span><input name="reason" value="Redelivered from the console" required maxlength="500" autocomplete="off"></label>`
}

export function redeliverAllForm(view: View): Html {
  return actionForm(
    view,
    ['redeliver-failed'],
    html`<p>Fixed the cause? Every failed delivery whose claims are kept can run again, oldest first.</p>${reasonField()}<button class="primary">Redeliver all failed</button>`,
  )
}

const ACTION_WORDS: Readonly<Record<string, string>> = {
  redeliver: 'Redelivered',
  redeliver_failed: 'Redelivered all failed',
  compare: 'Compared with Kinde',
  sync: 'Synced with Kinde',
}

/** An action of the log as one row: what, to whom, by whom, when, and the result. */
export function actionRow(view: View, action: LoggedAction): Html {
  const { subject } = action
  const isCustomer = action.action === 'compare' || action.action === 'sync'
  const path = isCustomer ? ['customers', subject] : ['deliveries', subject]
  const about =
    action.action === 'redeliver_failed'
      ? undefined
      : html`<a href="${pathTo(view, path)}" data-row>${name(isCustomer ? subject.replace(/^\w+:/, '') : subject)}</a>`
  return html`<li class="logged"><span><strong>${ACTION_WORDS[action.action] ?? action.action}</strong> ${about}</span><span class="quiet">${action.detail?.split('\n')[0] ?? 'Without a result: it still runs, or its process ended.'}</span><span>${name(action.actor, 'name unknown')}</span><span class="cell-time">${timeOf(action.at, view.now)}</span></li>`
}

/** The result of the action that has led to this page, for pages that `?done=` names. */
export function resultNotice(view: View, action: LoggedAction | undefined): Html {
  if (action?.outcome === undefined) return html``
  const tone = action.outcome === 'ok' ? 'good' : action.outcome === 'waiting' ? 'warn' : 'bad'
  return html`<div class="notice ${tone}" role="status"><p><strong>${ACTION_WORDS[action.action] ?? action.action}</strong> ${timeOf(action.at, view.now)}</p>${(action.detail ?? '').split('\n').map((line) => html`<p>${line}</p>`)}</div>`
}

/** Reads the action that `?done=` names, if it was about this subject. */
export async function readResult(view: View, subject: string): Promise<LoggedAction | undefined> {
  const id = view.query.get('done')
  if (id === null || view.settings.readOnly) return undefined
  const action = await view.settings.actions.read(id)
  return action?.subject === subject ? action : undefined
}

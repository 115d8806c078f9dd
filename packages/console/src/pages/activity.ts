import { html } from '../html.js'
import { actionRow } from '../parts/action-forms.js'
import { empty, heading, pager, region } from '../parts/blocks.js'
import { type Page, pathTo, type View } from '../view.js'

/** The log of actions: who, what, when. */
export async function activityPage(view: View): Promise<Page> {
  const after = view.query.get('after') || undefined
  const { actions, next } = await view.settings.actions.list({ after, limit: 50 })
  const list =
    actions.length > 0
      ? html`<ul class="log">${actions.map((action) => actionRow(view, action))}</ul>`
      : empty(
          'Nothing has been done here yet.',
          'Every redelivery, comparison and sync from this console is recorded: who, what and when.',
        )
  const here = (cursor?: string) => pathTo(view, ['activity'], { after: cursor })
  return {
    title: 'Activity',
    section: 'activity',
    main: html`${heading('Activity')}${region('list', html`${list}${pager(after === undefined ? undefined : here(), next && here(next), actions.length, actions.length === 1 ? 'action' : 'actions')}`, 'div')}`,
  }
}

import { errorMessage } from '@kinde-billing/core/internal'
import { refusalPage } from '../pages/message.js'
import type { Page, View } from '../view.js'
import { pathTo } from '../view.js'
import { readForm, refuseRequest } from './form.js'
import { syncWithKinde } from './kinde.js'
import { type ActionResult, redeliverFailed, redeliverOne } from './redeliver.js'
import { checkToken } from './token.js'

/** The result of a POST: the page to go to, or a refusal. */
export type Performed = { readonly location: string } | { readonly page: Page }

interface Action {
  readonly action: string
  readonly subject: string
  /** The page that shows the result. */
  readonly path: readonly string[]
  readonly run: (form: URLSearchParams) => Promise<ActionResult>
}

/** Performs the action that a path names. `undefined` if it names none. */
export async function performAction(
  view: View,
  request: Request,
  path: readonly string[],
): Promise<Performed | undefined> {
  const action = findAction(view, path)
  if (action === undefined) return undefined
  const back = pathTo(view, action.path)
  const refuse = (status: number, problem: string): Performed => ({ page: refusalPage(view, status, problem, back) })
  const { settings, actor, now } = view
  if (settings.readOnly) return refuse(403, 'This console is read-only.')
  const refusal = refuseRequest(request)
  if (refusal !== undefined) return refuse(403, refusal)
  const form = await readForm(request)
  if (form === undefined) return refuse(413, 'The form is too large.')
  const secret = await settings.secret()
  const use = checkToken(secret, actor, form.get('token') ?? '', now)
  if ('problem' in use) return refuse(403, use.problem)
  const { subject, run } = action
  if (!(await settings.actions.begin({ id: use.id, actor, action: action.action, subject })))
    return refuse(409, 'This form has been sent before, and nothing was done again. Open the page to see the result.')
  await settings.actions.end(use.id, await runLogged(view, () => run(form)))
  return { location: pathTo(view, action.path, { done: use.id, endpoint: form.get('endpoint') ?? undefined }) }
}

function findAction({ settings }: View, [section, subject, verb, ...rest]: readonly string[]): Action | undefined {
  if (rest.length > 0) return undefined
  const reasonOf = (form: URLSearchParams): string =>
    form.get('reason')?.trim().slice(0, 500) || 'Redelivered from the console'
  if (section === 'redeliver-failed' && subject === undefined)
    return {
      action: 'redeliver_failed',
      subject: 'failed',
      path: ['activity'],
      run: (form) => redeliverFailed(settings, reasonOf(form)),
    }
  if (subject === undefined || subject.includes('\0')) return undefined
  if (section === 'deliveries' && verb === 'redeliver')
    return {
      action: verb,
      subject,
      path: ['deliveries', subject],
      run: (form) =>
        redeliverOne(settings, subject, {
          endpoint: form.get('endpoint') || undefined,
          reason: reasonOf(form),
          evenIfDone: form.get('evenIfDone') === 'yes',
        }),
    }
  if (section === 'customers' && (verb === 'compare' || verb === 'sync'))
    return {
      action: verb,
      subject,
      path: ['customers', subject],
      run: () => syncWithKinde(settings, subject, verb === 'compare'),
    }
  return undefined
}

/** An action that throws has a result, too: the log says that it began. */
async function runLogged({ settings }: View, run: () => Promise<ActionResult>): Promise<ActionResult> {
  try {
    return await run()
  } catch (error) {
    settings.onError(error)
    return { outcome: 'failed', detail: `It failed, and may have done a part. ${errorMessage(error, 300)}` }
  }
}

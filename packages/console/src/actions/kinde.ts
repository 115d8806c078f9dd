import { isKindeManagementError, syncCustomer } from '@kinde-billing/management'
import { summarize } from '@kinde-billing/state'
import type { Settings } from '../options.js'
import { accessWord, changeWords, planWords } from '../parts/words.js'
import type { ActionResult } from './redeliver.js'

/** Compares a customer with Kinde, and with `dryRun: false` takes over what Kinde says. */
export async function syncWithKinde(settings: Settings, key: string, dryRun: boolean): Promise<ActionResult> {
  const { client, store, policy, onChange, now } = settings
  if (client === undefined) return { outcome: 'failed', detail: 'This console has no client of the Management API.' }
  const { customer } = summarize(await store.read(key), { now: now(), policy })
  const { id: customerId, orgCode, userId } = customer
  if ((customerId ?? orgCode ?? userId) === undefined)
    return { outcome: 'failed', detail: 'No event has named this customer, so Kinde cannot be asked.' }
  const named =
    customerId === undefined ? (orgCode === undefined ? { userId } : { orgCode }) : { customerId, orgCode, userId }
  try {
    // Under the key of this page, whatever the application's own keys are.
    const synced = await syncCustomer({ client, store, policy, onChange, now, dryRun, key: () => key, ...named })
    if (synced === undefined)
      return { outcome: 'failed', detail: 'Kinde does not know this customer as a billing customer.' }
    return { outcome: 'ok', detail: describe(synced, dryRun) }
  } catch (error) {
    if (!isKindeManagementError(error)) throw error
    return {
      outcome: 'failed',
      detail: `Kinde could not be asked, and nothing has changed.\n${error.code}: ${error.message}`,
    }
  }
}

type Synced = NonNullable<Awaited<ReturnType<typeof syncCustomer>>>

function describe({ agreements, before, after, changes }: Synced, dryRun: boolean): string {
  const plans = agreements.map(
    ({ planCode, id, expiresOn }) =>
      `${planCode ?? id}${expiresOn === undefined ? '' : ` (expires ${expiresOn.toISOString().slice(0, 10)})`}`,
  )
  const told =
    plans.length === 0
      ? 'Kinde lists no agreement.'
      : `Kinde lists ${plans.length === 1 ? 'one agreement' : `${plans.length} agreements`}: ${plans.join(', ')}.`
  const words = changes.map(changeWords).join(', ')
  if (changes.length === 0) return `State and Kinde agree.\n${told}\n${state('Known here', after)}`
  return [
    dryRun ? `State and Kinde differ: with Kinde’s list, ${words}. Nothing was changed.` : `Changed: ${words}.`,
    told,
    state(dryRun ? 'Known here' : 'Before', before),
    state(dryRun ? 'With Kinde’s list' : 'Now', after),
  ].join('\n')
}

const state = (when: string, { access, plan, reason }: Synced['before']): string =>
  `${when}: ${accessWord(access).toLowerCase()}, plan ${planWords(plan) ?? 'none'}. ${reason.text}`

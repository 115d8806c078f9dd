import { isBillingEventType } from '@kinde-billing/core'
import type { DeliveryStatus, StoredDelivery } from '@kinde-billing/postgres'
import type { Access, BillingChange, BillingSummary, PlanSummary } from '@kinde-billing/state'
import { type Html, html } from '../html.js'

/** The colors of a badge. */
type Tone = 'good' | 'warn' | 'bad' | 'busy' | 'quiet'

const STATUS: Readonly<Record<DeliveryStatus, readonly [string, Tone]>> = {
  done: ['Done', 'good'],
  discarded: ['Discarded', 'quiet'],
  failed: ['Failed', 'bad'],
  in_progress: ['In progress', 'busy'],
  to_redeliver: ['To redeliver', 'warn'],
}

const ACCESS: Readonly<Record<Access, readonly [string, Tone]>> = {
  active: ['Active', 'good'],
  past_due: ['Past due', 'warn'],
  suspended: ['Suspended', 'bad'],
  cancelled: ['Cancelled', 'quiet'],
  none: ['No agreement', 'quiet'],
}

export const STATUSES: readonly DeliveryStatus[] = ['failed', 'to_redeliver', 'in_progress', 'done', 'discarded']
export const ACCESSES: readonly Access[] = ['active', 'past_due', 'suspended', 'cancelled', 'none']

export const statusWord = (status: DeliveryStatus): string => STATUS[status][0]
export const accessWord = (access: Access): string => ACCESS[access][0]

export function statusBadge({ status, dead }: Pick<StoredDelivery, 'status' | 'dead'>): Html {
  const [word, tone] = STATUS[status]
  return badge(dead ? 'Given up' : word, tone)
}

export function accessBadge(access: Access): Html {
  return badge(...ACCESS[access])
}

function badge(word: string, tone: Tone): Html {
  return html`<span class="badge ${tone}">${word}</span>`
}

/** A name from outside, which keeps its direction to itself and is cut by the page if it is long. */
export function name(text: string | undefined, fallback = '–'): Html {
  return text === undefined || text === ''
    ? html`<span class="none">${fallback}</span>`
    : html`<bdi class="name" title="${shorten(text, 300)}">${shorten(text, 300)}</bdi>`
}

/** An id, which is compared character by character. */
export function idOf(text: string | undefined, fallback = '–'): Html {
  return text === undefined || text === ''
    ? html`<span class="none">${fallback}</span>`
    : html`<code class="name" dir="ltr" title="${shorten(text, 300)}">${shorten(text, 300)}</code>`
}

function shorten(text: string, max: number): string {
  return text.length > max ? `${text.slice(0, max)}…` : text
}

/** A billing event in words, such as `Payment failed`; the type itself of others. */
export function eventWords(type: string): string {
  if (!isBillingEventType(type)) return shorten(type, 60)
  const words = type.replace(/^customer\./, '').replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

export function planWords(plan: PlanSummary | undefined): string | undefined {
  return plan?.name ?? plan?.code ?? plan?.id
}

/** The customer's names: an organization's code or a user's id stands for the customer if there is no other. */
export function customerName({ id, orgCode, userId }: BillingSummary['customer'], key: string): string {
  return id ?? orgCode ?? userId ?? nameInKey(key)
}

/** A key without its prefix. */
export const nameInKey = (key: string): string => key.replace(/^(?:customer|org|user):/, '')

/** A change of a sync, in words. */
export function changeWords(change: BillingChange): string {
  switch (change.type) {
    case 'access_granted':
      return 'access is granted'
    case 'access_lost':
      return `access ends (${accessWord(change.access).toLowerCase()})`
    case 'plan_changed':
      return `the plan changes from ${planWords(change.from) ?? 'none'} to ${planWords(change.to) ?? 'none'}`
    case 'payment_due':
      return 'a payment is due'
    case 'payment_recovered':
      return 'nothing is owed any more'
    case 'debt_dropped':
      return 'a debt is dropped'
    case 'usage_changed':
      return 'usage changes'
  }
}

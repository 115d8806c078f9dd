import type { AgreementSummary } from '@kinde-billing/state'
import { type Html, html } from '../html.js'
import type { View } from '../view.js'
import { facts } from './blocks.js'
import { timeOf } from './time.js'
import { accessBadge, idOf, name, planWords } from './words.js'

/** A customer's agreements, the newest first, ended ones too. */
export function agreementsTable(view: View, agreements: readonly AgreementSummary[]): Html {
  if (agreements.length === 0) return html`<p class="quiet">No agreement is known.</p>`
  return html`<ul class="agreements">${agreements.map((agreement) => agreementItem(view, agreement))}</ul>`
}

function agreementItem(view: View, agreement: AgreementSummary): Html {
  const when = (date: Date | undefined) => date && timeOf(date, view.now)
  return html`<li><div class="agreement-head"><strong>${name(planWords(agreement.plan), 'plan unknown')}</strong>${accessBadge(agreement.access)}</div>${facts(
    [
      ['Agreement', agreement.id === undefined ? undefined : idOf(agreement.id)],
      ['Created', when(agreement.createdAt)],
      ['Last paid', when(agreement.lastPaidAt)],
      ['Payment due since', when(agreement.pastDueSince)],
      ['Next invoice', agreement.cancelledAt === undefined ? when(agreement.nextInvoiceOn) : undefined],
      ['Period ends', when(agreement.periodEndsOn)],
      ['Ended', when(agreement.cancelledAt)],
    ],
  )}</li>`
}

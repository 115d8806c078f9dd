import { randomInt } from 'node:crypto'
import type { BillingEventType } from '@kinde-billing/core'
import { billingEventFixture } from '@kinde-billing/testing'
import type { DevelopmentKey } from '../issuer/development-key.js'

/** What is to be delivered. */
export interface TriggerPlanOptions {
  readonly types: readonly BillingEventType[]
  /** How many events of each type. */
  readonly count: number
  /** How often each is delivered again. */
  readonly duplicates: number
  /** Whether the order is mixed. */
  readonly isShuffled: boolean
  readonly dialect: 'flat' | 'nested'
  /** Laid over each event's `data`, member by member. */
  readonly data: { readonly [member: string]: unknown }
}

/** One delivery that is to be made: events that are delivered more than once have several. */
export interface PlannedDelivery {
  readonly type: BillingEventType
  readonly eventId: string
  readonly webhookId: string
  readonly token: string
  /** Whether the same token is delivered before it in the plan. */
  readonly isDuplicate: boolean
}

/** Events and their duplicates, signed, in the order in which they are to be delivered. */
export function planDeliveries(options: TriggerPlanOptions, key: Pick<DevelopmentKey, 'sign'>): PlannedDelivery[] {
  const { types, count, duplicates, dialect, data } = options
  const events = Array.from({ length: count }, () => types).flat()
  const deliveries = events.flatMap((type) => {
    const claims = billingEventFixture(type, { data }, { dialect })
    const one = { type, eventId: claims.event_id, webhookId: crypto.randomUUID(), token: key.sign(claims) }
    return Array.from({ length: duplicates + 1 }, () => one)
  })
  const seen = new Set<string>()
  return (options.isShuffled ? shuffle(deliveries) : deliveries).map((delivery) => {
    const isDuplicate = seen.has(delivery.eventId)
    seen.add(delivery.eventId)
    return { ...delivery, isDuplicate }
  })
}

/** Fisher and Yates. */
function shuffle<Item>(items: readonly Item[]): Item[] {
  const left = [...items]
  const mixed: Item[] = []
  while (left.length > 0) mixed.push(...left.splice(randomInt(left.length), 1))
  return mixed
}

import { randomInt } from 'node:crypto'
import type { DevelopmentKey } from '../issuer/development-key.js'
import { UsageError } from '../usage-error.js'
import type { EventClaims } from './events.js'

/** Order of the deliveries: as they happened, the other way round, random, or positions within a round, from 1. */
export type DeliveryOrder = 'forward' | 'reverse' | 'random' | readonly number[]

/** A delivery to make. An event with duplicates has several. */
export interface PlannedDelivery {
  readonly type: string
  readonly eventId: string
  readonly webhookId: string
  readonly token: string
  /** `true` if the same token is delivered earlier in the plan. */
  readonly isDuplicate: boolean
}

/**
 * Signs events and puts them and their duplicates in order.
 *
 * @param rounds Events of each customer.
 * @param duplicates Further deliveries of each event.
 * @throws UsageError if the order names positions that do not exist
 */
export function planDeliveries(
  rounds: readonly (readonly EventClaims[])[],
  { duplicates, order }: { readonly duplicates: number; readonly order: DeliveryOrder },
  key: Pick<DevelopmentKey, 'sign'>,
): PlannedDelivery[] {
  const deliveries = rounds
    .flatMap((events) => (typeof order === 'string' ? events : reorder(events, order)))
    .flatMap((claims) => {
      const delivery = {
        type: claims.type,
        eventId: claims.event_id,
        webhookId: crypto.randomUUID(),
        token: key.sign(claims),
      }
      return Array.from({ length: duplicates + 1 }, () => delivery)
    })
  const seen = new Set<string>()
  return arrange(deliveries, order).map((delivery) => {
    const isDuplicate = seen.has(delivery.eventId)
    seen.add(delivery.eventId)
    return { ...delivery, isDuplicate }
  })
}

function reorder(events: readonly EventClaims[], positions: readonly number[]): EventClaims[] {
  return positions.map((position) => {
    const event = events[position - 1]
    if (event === undefined)
      throw new UsageError(`--order names position ${position}, but there are ${events.length} events.`)
    return event
  })
}

function arrange<Item>(items: readonly Item[], order: DeliveryOrder): readonly Item[] {
  if (order === 'reverse') return items.toReversed()
  return order === 'random' ? shuffle(items) : items
}

/** Fisher–Yates. */
function shuffle<Item>(items: readonly Item[]): Item[] {
  const left = [...items]
  const mixed: Item[] = []
  while (left.length > 0) mixed.push(...left.splice(randomInt(left.length), 1))
  return mixed
}

import { type BillingEventOf, type BillingEventType, KindeWebhookError, type OtherEvent } from '@kinde-billing/core'
import type { HandlerDelivery } from '@kinde-billing/core/receiver'
import type { KindeBillingContext } from '@kinde-billing/node'
import { SetMetadata } from '@nestjs/common'
import { Reflector } from '@nestjs/core'

/** The events of a method: one type, every billing event, or the events of other types. */
export type HandledEvents = BillingEventType | 'every' | 'other'

const METADATA_KEY = 'kinde-billing:events'
const reflector = new Reflector()

// A decorator sees neither `dataSchemas` nor `inbox`, so the types of `data` and `tx` are those that the method states.
type AnyData<Event> = Event extends unknown ? Omit<Event, 'data'> & { data: never } : never
type EventMethod<Event> = (event: AnyData<Event>, delivery: HandlerDelivery<KindeBillingContext, never>) => unknown
type EventDecorator<Event> = <Method extends EventMethod<Event>>(
  target: object,
  name: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
) => void

/**
 * Marks a method of a provider or controller as a handler of every billing event.
 */
export function OnBillingEvent(): EventDecorator<BillingEventOf<BillingEventType>>
/**
 * Marks a method of a provider or controller as a handler of billing events of these types. Its first parameter must
 * take them. If several methods handle one event, they run one after another, and repeat together if one throws: first
 * those of every event, then those of its type.
 *
 * @param types - The event types. Without any, the method handles every billing event.
 *
 * @example
 * ```ts
 * import type { PlanChangedEvent } from '@kinde-billing/core'
 * import { OnBillingEvent } from '@kinde-billing/nest'
 * import { Injectable } from '@nestjs/common'
 *
 * @Injectable()
 * export class PlanHandlers {
 *   @OnBillingEvent('customer.plan_changed')
 *   async changePlan(event: PlanChangedEvent): Promise<void> {
 *     console.log(event.customer.id, 'is now on', event.plan.code)
 *   }
 * }
 * ```
 */
export function OnBillingEvent<Type extends BillingEventType>(
  ...types: [Type, ...Type[]]
): EventDecorator<BillingEventOf<Type>>
export function OnBillingEvent(...types: BillingEventType[]): EventDecorator<never> {
  return mark(types.length === 0 ? ['every'] : types)
}

/**
 * Marks a method of a provider or controller as the handler of verified events of other types, such as `user.created`.
 */
export function OnOtherEvent(): EventDecorator<OtherEvent> {
  return mark(['other'])
}

/** Adds to what other decorators of the method have marked. */
function mark(events: readonly HandledEvents[]): EventDecorator<never> {
  return (target, name, descriptor) => {
    const method: unknown = descriptor?.value
    if (typeof method !== 'function' || typeof target === 'function' || typeof name === 'symbol')
      throw new KindeWebhookError(
        'invalid_configuration',
        `${String(name)} cannot handle events. Mark a method of a class that has a name and is not static, and compile with experimentalDecorators: true.`,
      )
    SetMetadata(METADATA_KEY, [...findHandledEvents(method), ...events])(target, name, descriptor)
  }
}

/** Finds the events that a method is marked with. */
export function findHandledEvents(method: object): readonly HandledEvents[] {
  // Only a function can have metadata.
  return typeof method === 'function' ? (reflector.get(METADATA_KEY, method) ?? []) : []
}

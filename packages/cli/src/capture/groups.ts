import { decodeBillingEvent } from '@kinde-billing/core'

/**
 * Which members of the event's groups are filled, such as `customer.id` and `plan.code`: what a fixture shows, and what
 * its disguise must not change.
 *
 * @returns undefined for claims that are not one of the eight events
 */
export function filledMembers(claims: { [claim: string]: unknown }): readonly string[] | undefined {
  try {
    const { data: _data, ...event } = decodeBillingEvent(claims)
    return Object.entries(event).flatMap(([name, value]) => filled(name, value))
  } catch {
    return undefined
  }
}

function filled(name: string, value: unknown): string[] {
  if (value === undefined) return []
  if (typeof value !== 'object' || value === null || value instanceof Date) return [name]
  return Object.entries(value).flatMap(([member, inner]) => filled(`${name}.${member}`, inner))
}

import { BILLING_EVENT_TYPES } from '@kinde-billing/core'
import type { EventTypeRecord } from './records.js'

/** The event types of a tenant with billing, and one of another kind. */
export function defaultEventTypes(): EventTypeRecord[] {
  return [...BILLING_EVENT_TYPES, 'user.updated'].map((code, index) => ({
    id: `event_type_${String(index + 1).padStart(4, '0')}`,
    code,
    name: code,
    origin: 'kinde',
    schema: payloadSchema(code),
  }))
}

/**
 * A schema with the quirks of the one that Kinde has published, for `user.updated`: `constant` as a type, `items` as a list,
 * `null` in a list of types, no `required`, unanchored patterns, a member beside JSON Schema's own. The `data` of billing
 * events is made up: Kinde has published none.
 */
function payloadSchema(code: string): { [keyword: string]: unknown } {
  const data = code.startsWith('user.') ? USER_DATA : BILLING_DATA
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    version: 1,
    type: 'object',
    properties: {
      data,
      type: { constant: code },
      source: { type: 'string', enum: ['admin', 'api'] },
      event_id: { type: 'string', pattern: 'event_[0-9a-f]{32}' },
      timestamp: { type: 'string', format: 'date-time' },
    },
  }
}

const USER_DATA = {
  type: 'object',
  properties: {
    user: {
      type: 'object',
      properties: {
        id: { type: 'string', pattern: 'kp[:_][0-9a-f]{32}' },
        email: { type: ['null', 'string'] },
        is_suspended: { type: 'boolean' },
        organizations: {
          type: 'array',
          items: [{ type: 'object', properties: { code: { type: 'string' }, roles: { type: ['null', 'string'] } } }],
        },
      },
    },
  },
}

const BILLING_DATA = {
  type: 'object',
  properties: {
    customer_id: { type: 'string', pattern: 'customer_[0-9a-f]{32}' },
    agreement_id: { type: ['null', 'string'] },
    plan: { type: 'object', properties: { code: { type: 'string' }, key: { type: 'string' } } },
    invoice_due_on: { type: ['null', 'string'], format: 'date-time' },
  },
}

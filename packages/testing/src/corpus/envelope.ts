import { type CaseDraft, reject, rejectEach, unsupported } from './case.js'
import type { Mint } from './mint.js'

const CODE = 'invalid_payload'

/** The members that make a claim set an event: `type`, `event_id`, `data`. (`timestamp` is a family of its own.) */
export function envelope(mint: Mint): CaseDraft[] {
  return [...types(mint), ...otherTypes(mint), ...members(mint), ...elsewhere(mint)]
}

function types(mint: Mint): CaseDraft[] {
  const types = {
    'type absent': undefined,
    'type null': null,
    'type empty': '',
    'type blank': ' ',
    'type a number': 8,
    'type in a list': ['customer.plan_changed'],
    'type of 129 characters': 't'.repeat(129),
    'type with a NUL behind it': 'customer.plan_changed\u0000',
    'type with a line end behind it': 'customer.plan_changed\n',
    'type with a line separator in it': 'user\u2028created',
    'type half a surrogate pair': '\ud800',
  }
  const reason = 'a type is a non-blank string of at most 128 characters, fit to be logged'
  return rejectEach(CODE, reason, types, (type) => mint.token({ claims: { type } }))
}

function otherTypes(mint: Mint): CaseDraft[] {
  const reason = 'RFC 8259, section 8.3: compared exactly; every other type is another event'
  const types = {
    'type in another case': 'Customer.Plan_Changed',
    'type with a space before it': ' customer.plan_changed',
    'type with a space behind it': 'customer.plan_changed ',
    'type with other signs': 'customer_plan-changed',
    'type in full-width letters': '\uff43ustomer.plan_changed',
    'type with a Cyrillic letter': '\u0441ustomer.plan_changed',
    'type with a space of no width': 'customer.plan_changed\u200b',
    'type __proto__': '__proto__',
    'type constructor': 'constructor',
    'type then': 'then',
    'type of 128 characters': 't'.repeat(128),
  }
  return Object.entries(types).map(([name, type]) => unsupported(name, reason, mint.token({ claims: { type } })))
}

function members(mint: Mint): CaseDraft[] {
  const ids = {
    'event_id absent': undefined,
    'event_id null': null,
    'event_id empty': '',
    'event_id blank': ' \u00a0',
    'event_id a number': 1,
    'event_id in a list': ['event_1'],
    'event_id of 257 characters': 'e'.repeat(257),
    'event_id with a NUL behind it': 'event_1\u0000',
    'event_id with a line end and a log entry behind it': 'event_1\nlevel=info',
    'event_id with a line separator in it': 'event\u20281',
    'event_id with half a surrogate pair': 'event_\ud800',
  }
  const values = {
    'data absent': undefined,
    'data null': null,
    'data a list': [{ customer_id: 'customer_1' }],
    'data a string': '{"customer_id":"customer_1"}',
    'data a number': 0,
  }
  const id = 'an event without a usable event_id cannot be told from its duplicates'
  return [
    ...rejectEach(CODE, id, ids, (event_id) => mint.token({ claims: { event_id } })),
    ...rejectEach(CODE, 'an event has an object as its data', values, (data) => mint.token({ claims: { data } })),
  ]
}

function elsewhere(mint: Mint): CaseDraft[] {
  const reason = 'the envelope is where Kinde puts it, and is searched for nowhere else'
  return [
    reject(CODE, 'payload {}', reason, mint.token({ rawPayload: '{}' })),
    reject(CODE, 'event one level down', reason, mint.token({ rawPayload: JSON.stringify({ event: mint.claims() }) })),
    reject(
      CODE,
      'EVENT_ID for event_id',
      'RFC 8259, section 8.3: names have case',
      mint.token({ claims: { event_id: undefined, EVENT_ID: 'event_1' } }),
    ),
  ]
}

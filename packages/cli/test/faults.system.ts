import { describe, expect, it } from 'vitest'
import type { FaultId } from '../src/doctor/faults.js'
import { examinePlanted, idsOf } from './examine.js'
import type { Handling, Plant } from './planted-endpoint.js'

describe.concurrent('endpoints written by hand, right in everything: no finding', () => {
  it.each<Handling>([
    { isTelling: true },
    { delayMs: 80 },
    { fails: 'at first', isTelling: true },
    { fails: 'at first', delayMs: 80 },
  ])('%o', async (handling) => {
    expect((await examinePlanted(undefined, handling)).findings).toStrictEqual([])
  })
})

describe.concurrent('faults that the receiver cannot have, or that show in other ways', () => {
  it.each<[Plant, Handling, FaultId]>([
    ['JSON parser that wants a member', {}, 'json_body_parser'],
    ['webhook-id, after verification', { delayMs: 80 }, 'deduplicates_by_webhook_id'],
    ['webhook-id, after verification', { isCooperating: true }, 'deduplicates_by_webhook_id'],
    ['webhook-id, after verification', { fails: 'at first' }, 'deduplicates_by_webhook_id'],
    ['marked before the handler', { delayMs: 80 }, 'marked_before_handled'],
    ['marked before the handler', { fails: 'at first' }, 'marked_before_handled'],
    ['marked before the handler', { fails: 'at first', delayMs: 80 }, 'marked_before_handled'],
    ['marked before the handler', { fails: 'at first', isTelling: true }, 'marked_before_handled'],
    ['marked before the handler', { fails: 'always' }, 'marked_before_handled'],
    ['200 while at work', { delayMs: 80 }, 'acknowledged_while_at_work'],
    ['200 while at work', { delayMs: 80, fails: 'at first' }, 'acknowledged_while_at_work'],
    ['200 while at work', { delayMs: 80, fails: 'always' }, 'acknowledged_while_at_work'],
    ['a failed fetch is kept', {}, 'no_recovery_from_outage'],
    ['iss required', {}, 'issuer_claim_required'],
    ['no inbox', { isCooperating: true }, 'duplicate_handled_again'],
    ['duplicates refused', {}, 'duplicate_refused'],
    ['one type refused', {}, 'genuine_refused'],
    ['any method', {}, 'wrong_method_accepted'],
    ['any media type but JSON', {}, 'media_type_refused'],
    ['forms', {}, 'form_accepted'],
    ['gunzips', {}, 'compressed_accepted'],
    ['no limit', {}, 'body_unbounded'],
    ['no body timeout', {}, 'stalled_body_kept'],
    ['first piece only', {}, 'slow_body_refused'],
    ['stops at PUT', {}, 'endpoint_died'],
  ])('%s, %o: %s', async (plant, handling, id) => {
    expect(idsOf(await examinePlanted(plant, handling))).toContain(id)
  })
})

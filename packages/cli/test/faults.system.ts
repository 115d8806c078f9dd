import { describe, expect, it } from 'vitest'
import type { FaultId } from '../src/doctor/faults.js'
import { examinePlanted, idsOf } from './examine.js'
import type { Handling, Plant } from './planted-endpoint.js'

describe.concurrent('right endpoints have no finding', () => {
  it.each<[Plant | undefined, Handling]>([
    [undefined, { isTelling: true }],
    [undefined, { delayMs: 80 }],
    [undefined, { fails: 'at first' }],
    [undefined, { fails: 'at first', isTelling: true }],
    [undefined, { fails: 'at first', delayMs: 80 }],
    ['rate limit', {}],
    ['forgeries acknowledged', { isTelling: true }],
    ['duplicates share an answer', { isTelling: true, delayMs: 80 }],
  ])('%s, %o', async (trait, handling) => {
    expect((await examinePlanted(trait, handling)).findings).toStrictEqual([])
  })
})

describe.concurrent('faults are found', () => {
  it.each<[Plant, Handling, FaultId, isTold?: boolean]>([
    ['HS256 with the public key', {}, 'algorithm_confusion'],
    ['jwk from the header', {}, 'keys_from_token_header'],
    ['unknown kid let in', {}, 'unknown_key_accepted'],
    ['everything let in without keys', {}, 'accepted_without_keys'],
    ['failure answered 200', { isCooperating: true }, 'failure_acknowledged'],
    ['200 before the handler', { isCooperating: true }, 'acknowledged_before_handled'],
    ['200 before the handler', { delayMs: 150 }, 'acknowledged_before_handled'],
    [
      '200 before the handler, duplicates at once',
      { isTelling: true, isCooperating: true },
      'acknowledged_before_handled',
    ],
    ['keys cached forever', {}, 'keys_cached_forever'],
    ['ids without case', { isTelling: true }, 'ids_compared_without_case'],
    ['ids without case', { isCooperating: true }, 'ids_compared_without_case'],
    ['ids without case', {}, 'ids_compared_without_case', true],
    ['three marks', { isTelling: true }, 'marks_forgotten'],
    ['three marks', { delayMs: 250 }, 'marks_forgotten'],
    ['three marks', {}, 'marks_forgotten', true],
    ['handler never runs', {}, 'handler_never_runs', true],
    ['redirect to sign-in', {}, 'endpoint_redirects'],
    ['sign-in page', {}, 'page_in_front'],
    ['JSON parser with error pages', {}, 'json_body_parser'],
    ['200 on an outage', { isTelling: true }, 'key_outage_refused'],
    ['decode without verification', { isRandom: true }, 'decode_without_verification'],
    ['decode without verification', { delayMs: 80 }, 'decode_without_verification'],
    ['access token accepted', { isRandom: true, isTelling: true }, 'access_token_accepted'],
    ['webhook-id, after verification', { isRandom: true, isTelling: true }, 'deduplicates_by_webhook_id'],
    ['200 before the handler', { delayMs: 150 }, 'acknowledged_before_handled', true],
    ['no inbox', { isRandom: true, isCooperating: true }, 'duplicate_handled_again'],
    ['everything ignored', {}, 'events_ignored'],
    ['JSON media type required', {}, 'media_type_refused'],
    ['JSON parser that wants a member', {}, 'json_body_parser'],
    ['webhook-id, after verification', { delayMs: 80 }, 'deduplicates_by_webhook_id'],
    ['webhook-id, after verification', { isCooperating: true }, 'deduplicates_by_webhook_id'],
    ['webhook-id, after verification', { fails: 'at first' }, 'deduplicates_by_webhook_id'],
    ['marked before the handler', { delayMs: 80 }, 'marked_before_handled'],
    ['marked before the handler', { fails: 'at first', delayMs: 80 }, 'marked_before_handled'],
    ['marked before the handler', { fails: 'at first', isTelling: true }, 'marked_before_handled'],
    ['marked before the handler', { fails: 'at first' }, 'marked_before_handled', true],
    ['marked before the handler', { fails: 'always' }, 'marked_before_handled', true],
    ['200 while at work', { delayMs: 80 }, 'acknowledged_while_at_work'],
    ['200 while at work', { delayMs: 80, fails: 'at first' }, 'acknowledged_while_at_work'],
    ['200 while at work', { delayMs: 80, fails: 'always' }, 'acknowledged_while_at_work'],
    ['a failed fetch is kept', {}, 'no_recovery_from_outage'],
    ['iss required', {}, 'issuer_claim_required'],
    ['no inbox', { isCooperating: true }, 'duplicate_handled_again'],
    ['duplicates refused', {}, 'duplicate_refused'],
    ['one type refused', {}, 'genuine_refused'],
    ['any method', {}, 'wrong_method_accepted'],
    ['forms', {}, 'form_accepted'],
    ['gunzips', {}, 'compressed_accepted'],
    ['no limit', {}, 'body_unbounded'],
    ['no body timeout', {}, 'stalled_body_kept'],
    ['first piece only', {}, 'slow_body_refused'],
    ['stops at PUT', {}, 'endpoint_died'],
  ])('%s, %o: %s', async (plant, handling, id, isTold) => {
    expect(idsOf(await examinePlanted(plant, handling, isTold))).toContain(id)
  })
})

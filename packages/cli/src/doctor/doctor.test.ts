import { describe, expect, it } from 'vitest'
import { type Handling, type Plant, startPlanted } from '../../test/planted-endpoint.js'
import { startDevelopmentIssuer } from '../development-issuer.js'
import { createDevelopmentKey } from '../development-key.js'
import { resolveTarget } from '../target.js'
import { type DoctorReport, runDoctor } from './doctor.js'
import type { FaultId } from './faults.js'

const QUICK = { answerMs: 3000, stallMs: 900, slowMs: 60, handlerMs: 200, recoveryMs: 2000, patienceMs: 1500 }
const key = createDevelopmentKey()

async function examine(plant: Plant | undefined, handling: Handling = {}, isWatched = false): Promise<DoctorReport> {
  const issuer = await startDevelopmentIssuer([key.publicKey], 0)
  const endpoint = await startPlanted(plant, issuer.url, handling)
  try {
    const ranTarget = isWatched ? await resolveTarget(endpoint.ranUrl) : undefined
    return await runDoctor({ target: await resolveTarget(endpoint.url), ranTarget, issuer, key, times: QUICK })
  } finally {
    await endpoint.close()
    await issuer.close()
  }
}

const idsOf = ({ findings }: DoctorReport): FaultId[] => findings.map(({ id }) => id)

describe.concurrent('an endpoint written by hand, right in everything', () => {
  it.each<[string, Handling]>([
    ['whose answers all look alike', {}],
    ['whose answers tell duplicates', { isTelling: true }],
    ['whose handler is slow', { delayMs: 80 }],
    ['whose handler does what it is asked', { isCooperating: true }],
    ['whose handler fails at first, and whose answers tell', { fails: 'at first', isTelling: true }],
    ['whose handler is slow and fails at first', { fails: 'at first', delayMs: 80 }],
  ])('%s: no finding', { timeout: 30_000 }, async (_name, handling) => {
    const report = await examine(undefined, handling)
    expect(report.findings).toStrictEqual([])
    expect(report.ok).toBe(true)
  })
})

describe.concurrent('each fault, by its name', () => {
  it.each<[Plant, Handling, FaultId]>([
    ['400 to unknown types', {}, 'unknown_type_refused'],
    ['JSON parser for every body', {}, 'json_body_parser'],
    ['JSON parser for application/json', {}, 'json_body_parser'],
    ['JSON parser that wants a member', {}, 'json_body_parser'],
    ['decode without verification', {}, 'decode_without_verification'],
    ["keys from the token's iss", {}, 'keys_from_token_issuer'],
    ['access token accepted', {}, 'access_token_accepted'],
    ['webhook-id, before verification', {}, 'deduplicates_by_webhook_id'],
    ['webhook-id, after verification', { isTelling: true }, 'deduplicates_by_webhook_id'],
    ['webhook-id, after verification', { delayMs: 80 }, 'deduplicates_by_webhook_id'],
    ['webhook-id, after verification', { isCooperating: true }, 'deduplicates_by_webhook_id'],
    ['webhook-id, after verification', { fails: 'at first' }, 'deduplicates_by_webhook_id'],
    ['marked before the handler', { isCooperating: true }, 'marked_before_handled'],
    ['marked before the handler', { delayMs: 80 }, 'marked_before_handled'],
    ['marked before the handler', { fails: 'at first' }, 'marked_before_handled'],
    ['marked before the handler', { fails: 'at first', delayMs: 80 }, 'marked_before_handled'],
    ['marked before the handler', { fails: 'at first', isTelling: true }, 'marked_before_handled'],
    ['marked before the handler', { fails: 'always' }, 'marked_before_handled'],
    ['200 while at work', { isCooperating: true }, 'acknowledged_while_at_work'],
    ['200 while at work', { delayMs: 80 }, 'acknowledged_while_at_work'],
    ['200 while at work', { delayMs: 80, fails: 'at first' }, 'acknowledged_while_at_work'],
    ['200 while at work', { delayMs: 80, fails: 'always' }, 'acknowledged_while_at_work'],
    ['five-minute window', {}, 'window_too_short'],
    ['204 for success', {}, 'success_not_200'],
    ['401 on an outage', {}, 'key_outage_refused'],
    ['a failed fetch is kept', {}, 'no_recovery_from_outage'],
    ['iss required', {}, 'issuer_claim_required'],
    ['no ledger', { isCooperating: true }, 'duplicate_handled_again'],
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
  ])('%s, %o: %s', { timeout: 30_000 }, async (plant, handling, id) => {
    const report = await examine(plant, handling)
    expect(idsOf(report)).toContain(id)
    expect(report.ok).toBe(false)
  })
})

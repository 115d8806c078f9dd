import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createBillingReceiver } from '@kinde-billing/core/receiver'
import { describe, expect, it } from 'vitest'
import { examine, examinePlanted, idsOf } from '../../test/examine.js'
import type { Handling, Plant } from '../../test/planted-endpoint.js'
import type { FaultId } from './faults.js'

const patient = { timeout: 30_000 }

describe.concurrent('a planted fault', () => {
  it.each<[Plant, Handling, FaultId]>([
    ['400 to unknown types', {}, 'unknown_type_refused'],
    ['JSON parser for every body', {}, 'json_body_parser'],
    ['JSON parser for application/json', {}, 'json_body_parser'],
    ['decode without verification', {}, 'decode_without_verification'],
    ["keys from the token's iss", {}, 'keys_from_token_issuer'],
    ['access token accepted', {}, 'access_token_accepted'],
    ['webhook-id, before verification', {}, 'deduplicates_by_webhook_id'],
    ['webhook-id, after verification', { isTelling: true }, 'deduplicates_by_webhook_id'],
    ['marked before the handler', { isCooperating: true }, 'marked_before_handled'],
    ['200 while at work', { isCooperating: true }, 'acknowledged_while_at_work'],
    ['five-minute window', {}, 'window_too_short'],
    ['204 for success', {}, 'success_not_200'],
    ['401 on an outage', {}, 'key_outage_refused'],
  ])('is found: %s, %o: %s', patient, async (plant, handling, id) => {
    const report = await examinePlanted(plant, handling)
    expect(idsOf(report)).toContain(id)
    expect(report.ok).toBe(false)
    const { impact, fix, evidence } = report.findings.find((one) => one.id === id) ?? {}
    expect([impact, fix, evidence].every((words) => words !== undefined && words.length > 20)).toBe(true)
  })
})

describe.concurrent('a right endpoint', () => {
  it('has no finding, and the report names what cannot be seen', patient, async () => {
    const { findings, checks, ok } = await examinePlanted(undefined)
    expect(findings).toStrictEqual([])
    expect(ok).toBe(true)
    const unseen = checks.filter(({ verdict }) => verdict === 'unclear').map(({ title }) => title)
    // a busy machine makes the handler slow enough to be met running
    expect(unseen.filter((title) => title !== 'concurrent duplicates')).toStrictEqual([
      'duplicate',
      'another event under a used webhook-id',
      'what is remembered',
      'another attempt after a failure',
      'answer after the handler',
    ])
  })

  it('has no finding and nothing unseen if its handler obeys data.doctor', patient, async () => {
    const { findings, checks } = await examinePlanted(undefined, { isCooperating: true })
    expect(findings).toStrictEqual([])
    expect(checks.filter(({ verdict }) => verdict !== 'ok')).toStrictEqual([])
  })

  it('is the receiver of this project', patient, async () => {
    const report = await examine(async ({ url: issuer }) => {
      const receiver = createBillingReceiver({
        issuer,
        keys: { cooldownMs: 300 },
        bodyTimeoutMs: 300,
        log: false,
        onEvent: () => {},
        onOutcome: () => {},
      })
      const server = createServer(async (request, response) => {
        const { status, headers, body } = await receiver.receive({
          method: request.method ?? '',
          header: (name) => request.headersDistinct[name]?.join(', '),
          body: () => request.iterator({ destroyOnReturn: false }),
          context: undefined,
        })
        if (!request.complete) response.shouldKeepAlive = false
        response.writeHead(status, headers).end(body)
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      return { url, close: async () => void server.close().closeAllConnections() }
    })
    expect(report.findings).toStrictEqual([])
    expect(report.ok).toBe(true)
  })
})

describe.concurrent('with --ran-url', () => {
  it.each<[Plant | undefined, FaultId[]]>([
    ['webhook-id, after verification', ['deduplicates_by_webhook_id']],
    ['no inbox', ['duplicate_handled_again']],
    [undefined, []],
  ])('%s: %j', patient, async (plant, ids) => {
    expect(idsOf(await examinePlanted(plant, {}, true))).toStrictEqual(ids)
  })
})

describe.concurrent('an unusable endpoint', () => {
  it('is unreachable', async () => {
    const report = await examine(async () => ({ url: 'http://127.0.0.1:9/', close: async () => {} }))
    expect(idsOf(report)).toStrictEqual(['endpoint_unreachable'])
  })

  it.each<[number, FaultId]>([
    [401, 'issuer_not_trusted'],
    [503, 'issuer_not_trusted'],
    [404, 'endpoint_unreachable'],
    [500, 'json_body_parser'],
  ])('answers %i to everything: %s', patient, async (status, id) => {
    const report = await examine(async () => {
      const server = createServer((_request, response) => response.writeHead(status).end()).listen(0, '127.0.0.1')
      await new Promise((resolve) => server.once('listening', resolve))
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      return { url, close: async () => void server.close().closeAllConnections() }
    })
    expect(idsOf(report)).toContain(id)
  })
})

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createBillingReceiver } from '@kinde-billing/core/receiver'
import { describe, expect, it } from 'vitest'
import type { FaultId } from '../src/doctor/faults.js'
import { examine, examinePlanted, idsOf } from './examine.js'
import type { Handling, Plant } from './planted-endpoint.js'

describe.concurrent('a right endpoint', () => {
  it('has no finding, and the report names what cannot be seen', async () => {
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

  it('has no finding and nothing unseen if its handler obeys data.doctor', async () => {
    // long enough to be told from a busy machine
    const { findings, checks } = await examinePlanted(undefined, { isCooperating: true }, false, { handlerMs: 1200 })
    expect(findings).toStrictEqual([])
    expect(checks.filter(({ verdict }) => verdict !== 'ok')).toStrictEqual([])
  })

  it('is the receiver of this project', async () => {
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
  ])('%s: %j', async (plant, ids) => {
    expect(idsOf(await examinePlanted(plant, {}, true))).toStrictEqual(ids)
  })

  it.each<Handling>([
    { isCooperating: true, countsSuccesses: true },
    { isCooperating: true, countsSuccesses: true, isTelling: true },
    { fails: 'at first', countsSuccesses: true },
    { fails: 'at first', countsSuccesses: true, isTelling: true },
  ])('has no finding if it counts what has succeeded: %o', async (handling) => {
    expect((await examinePlanted(undefined, handling, true)).findings).toStrictEqual([])
  })
})

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { type CheckOutcome, found } from '../src/doctor/check.js'
import { forged, ownIssuer, substituted } from '../src/doctor/checks/authenticity.js'
import { lateAttempts, unknownType } from '../src/doctor/checks/content.js'
import { failedAttempt } from '../src/doctor/checks/failure.js'
import { genuine } from '../src/doctor/checks/genuine.js'
import { mediaType } from '../src/doctor/checks/media-type.js'
import { beginWithOutage, reportOutage } from '../src/doctor/checks/outage.js'
import { wrongMethod } from '../src/doctor/checks/transport.js'
import { webhookId } from '../src/doctor/checks/webhook-id.js'
import type { FaultId } from '../src/doctor/faults.js'
import type { Session } from '../src/doctor/session.js'
import { examine, idsOf, runCheck } from './examine.js'
import { type Handling, type Plant, startPlanted } from './planted-endpoint.js'

type Run = (session: Session) => Promise<CheckOutcome>

const outage: Run = async (session) => reportOutage(session, await beginWithOutage(session))

const FAULTY: readonly { plant: Plant; handling?: Handling; run: Run; id: FaultId }[] = [
  { plant: '400 to unknown types', run: unknownType.run, id: 'unknown_type_refused' },
  { plant: 'JSON parser for every body', run: mediaType.run, id: 'json_body_parser' },
  { plant: 'JSON parser for application/json', run: mediaType.run, id: 'json_body_parser' },
  { plant: 'decode without verification', run: forged.run, id: 'decode_without_verification' },
  { plant: 'HS256 with the public key', run: forged.run, id: 'algorithm_confusion' },
  { plant: 'jwk from the header', run: forged.run, id: 'keys_from_token_header' },
  { plant: 'unknown kid let in', run: forged.run, id: 'unknown_key_accepted' },
  { plant: "keys from the token's iss", run: ownIssuer.run, id: 'keys_from_token_issuer' },
  { plant: 'access token accepted', run: substituted.run, id: 'access_token_accepted' },
  { plant: 'webhook-id, before verification', run: webhookId.run, id: 'deduplicates_by_webhook_id' },
  {
    plant: 'webhook-id, after verification',
    handling: { isTelling: true },
    run: webhookId.run,
    id: 'deduplicates_by_webhook_id',
  },
  {
    plant: 'marked before the handler',
    handling: { isCooperating: true },
    run: failedAttempt.run,
    id: 'marked_before_handled',
  },
  { plant: 'five-minute window', run: lateAttempts.run, id: 'window_too_short' },
  { plant: '204 for success', run: genuine.run, id: 'success_not_200' },
  { plant: 'everything ignored', run: genuine.run, id: 'events_ignored' },
  { plant: 'any method', run: wrongMethod.run, id: 'wrong_method_accepted' },
  { plant: '401 on an outage', run: outage, id: 'key_outage_refused' },
]

/** Each check by itself. Whole runs: `faults.system.ts`, `right-endpoints.system.ts`. */
describe.concurrent('a planted fault', () => {
  it.each(FAULTY)('is found: $plant, as $id', async ({ plant, handling, run, id }) => {
    const start: Parameters<typeof runCheck>[1] = ({ url }) => startPlanted(plant, url, handling).then(withoutCount)
    const { findings } = await runCheck(run, start)
    const { impact, fix, evidence } = findings.find((one) => one.id === id) ?? {}
    expect([impact, fix, evidence].every((words) => words !== undefined && words.length > 20)).toBe(true)
  })

  it('is not found in a right endpoint', async () => {
    const handling = { isCooperating: true }
    const runAll: Run = async (session) => {
      const outcomes: CheckOutcome[] = []
      for (const run of new Set(FAULTY.map((row) => row.run))) outcomes.push(await run(session))
      return found(...outcomes.flatMap(({ findings }) => findings))
    }
    const { findings } = await runCheck(runAll, ({ url }) => startPlanted(undefined, url, handling).then(withoutCount))
    expect(findings).toStrictEqual([])
  })
})

const withoutCount = ({ url, close }: Awaited<ReturnType<typeof startPlanted>>) => ({ url, close })

describe.concurrent('an unusable endpoint', () => {
  it('is unreachable', async () => {
    const report = await examine(async () => ({ url: 'http://127.0.0.1:9/', close: async () => {} }))
    expect(idsOf(report)).toStrictEqual(['endpoint_unreachable'])
  })

  it.each<[number, Run, FaultId]>([
    [401, genuine.run, 'issuer_not_trusted'],
    [503, genuine.run, 'issuer_not_trusted'],
    [404, genuine.run, 'endpoint_unreachable'],
    [400, genuine.run, 'genuine_refused'],
    [500, genuine.run, 'genuine_refused'],
  ])('answers %i to everything', async (status, run, id) => {
    const { findings } = await runCheck(run, async () => {
      const server = createServer((_request, response) => response.writeHead(status).end()).listen(0, '127.0.0.1')
      await new Promise((resolve) => server.once('listening', resolve))
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      return { url, close: async () => void server.close().closeAllConnections() }
    })
    expect(findings.map((one) => one.id)).toContain(id)
  })
})

import type { Server } from 'node:http'
import { billingEventFixture } from '@kinde-billing/testing'
import { startTestIssuer } from '@kinde-billing/testing/server'
import { addedUs, type Course, type Measured, measure } from './measure.js'
import { openRawClient, type RawClient } from './raw-client.js'
import { PATH, routePairs } from './routes.js'

export interface AdapterCost {
  readonly framework: string
  readonly addedUs: number
  readonly adapter: Measured
  readonly byHand: Measured
}

const TOKENS = 1000

/** Cost of each adapter compared with a hand-written route of the same framework: over sockets, one request at a time. */
export async function measureAdapters(course: Course): Promise<AdapterCost[]> {
  const issuer = await startTestIssuer()
  const tokens = await Promise.all(
    Array.from({ length: TOKENS }, () => issuer.sign(billingEventFixture('customer.plan_changed'))),
  )
  const costs: AdapterCost[] = []
  for (const { framework, adapter, byHand } of routePairs(issuer.issuer)) {
    const servers = await Promise.all([adapter(), byHand()])
    const clients = await Promise.all(servers.map(listenRaw))
    const contestants = clients.map((client, index) => ({
      name: `${framework} ${index === 0 ? 'adapter' : 'by hand'}`,
      run: (turn: number) => client.post(PATH, tokens[turn % TOKENS] ?? ''),
    }))
    const [ofAdapter, ofHand] = await measure(contestants, course)
    if (ofAdapter !== undefined && ofHand !== undefined)
      costs.push({ framework, addedUs: addedUs(ofAdapter, ofHand), adapter: ofAdapter, byHand: ofHand })
    for (const client of clients) client.close()
    for (const server of servers) server.close()
  }
  await issuer.close()
  return costs
}

/** Starts a server and opens a client of it. */
export function listenRaw(server: Pick<Server, 'once' | 'listen' | 'address'>): Promise<RawClient> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      if (typeof address !== 'object' || address === null) return reject(new Error('The server has no port'))
      openRawClient(address.port).then(resolve, reject)
    })
  })
}

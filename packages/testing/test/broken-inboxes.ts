/** Inboxes with one fault each, and one without: the contract suite must find every fault. Run by `inbox-contract.system.ts`. */
import { type DeliveryInbox, DiscardEvent, type InboxDelivery } from '@kinde-billing/core/receiver'
import { describeInbox, type Redeliveries } from '../src/inbox-contract.js'

interface Faults {
  claims?: 'never' | 'by the key in lower case' | 'by the trimmed key' | 'in a plain object' | 'for ever'
  responses?: 'are ignored' | 'end the work'
  marks?: 'never' | 'before the work' | 'for ever' | 'without looking at the claim'
  releases?: 'never' | 'without looking at the claim'
  throws?: 'an error of its own'
  discards?: 'never'
  signal?: 'never fires'
  writes?: 'stay when the work throws' | 'stay when the work is discarded' | 'are lost'
  claimsKept?: 'never' | 'after success' | 'only after an attempt'
  redeliveries?: 'run without a request' | 'run again' | 'run in the reverse order' | 'run without the claim'
  erasure?: 'does nothing' | 'is of every customer' | 'removes marks'
}

interface Claim {
  endsAt: number
  controller: AbortController
}

/** Everything that handlers wrote and the inboxes committed. */
const committed: string[] = []

interface BrokenInbox {
  inbox: DeliveryInbox<string[]>
  redeliveries: Redeliveries
}

function createInbox(faults: Faults, now: () => number): BrokenInbox {
  const claims = new Map<string, Claim>()
  const marks = new Map<string, number>()
  const kept = new Map<string, InboxDelivery>()
  const requested = new Set<string>()
  const plain: Record<string, Claim | undefined> = {}
  const toKey = (key: string): string => {
    if (faults.claims === 'by the key in lower case') return key.toLowerCase()
    return faults.claims === 'by the trimmed key' ? key.replace(/\s+/gu, ' ').trim() : key
  }
  const mark = (key: string, retentionMs: number): void => {
    if (faults.marks !== 'never')
      marks.set(key, faults.marks === 'for ever' ? Number.POSITIVE_INFINITY : now() + retentionMs)
  }

  const inbox: DeliveryInbox<string[]> = {
    async once(delivery, work) {
      const { key: given, eventId, leaseMs, retentionMs, answered } = delivery
      const key = toKey(given)
      if ((marks.get(key) ?? 0) > now()) return 'duplicate'
      if (faults.claims === 'in a plain object' && plain[eventId] !== undefined) return 'duplicate'
      const other = claims.get(key)
      const isFree =
        faults.claims === 'never' || (delivery.redelivery && faults.redeliveries === 'run without the claim')
      if (!isFree && other && (other.endsAt > now() || faults.claims === 'for ever')) return 'in_progress'
      if (answered.aborted && faults.responses !== 'are ignored') throw new Error('The response was decided')
      if (faults.signal !== 'never fires') other?.controller.abort()
      const claim = { endsAt: now() + leaseMs, controller: new AbortController() }
      claims.set(key, claim)
      if (faults.marks === 'before the work') mark(key, retentionMs)
      if (faults.responses === 'end the work') answered.addEventListener('abort', () => claim.controller.abort())

      const writes: string[] = []
      const holds = (): boolean => claims.get(key) === claim
      try {
        await work(writes, claim.controller.signal)
      } catch (error) {
        const discarded = error instanceof DiscardEvent && faults.discards !== 'never'
        if (faults.writes === (discarded ? 'stay when the work is discarded' : 'stay when the work throws'))
          committed.push(...writes)
        writes.length = 0
        if (!discarded) {
          if (holds() && faults.claimsKept !== 'never') kept.set(eventId, delivery)
          if (faults.releases === 'without looking at the claim' || (holds() && faults.releases !== 'never'))
            claims.delete(key)
          throw faults.throws === undefined ? error : new Error('The work failed', { cause: error })
        }
      }
      if (!holds() && faults.marks !== 'without looking at the claim') throw new Error('The claim was lost')
      claims.delete(key)
      mark(key, retentionMs)
      if (faults.claimsKept === 'after success') kept.set(eventId, delivery)
      else kept.delete(eventId)
      if (faults.writes !== 'are lost') committed.push(...writes)
      return 'processed'
    },
    async recordFailure(delivery) {
      if (faults.claimsKept !== 'only after an attempt') kept.set(delivery.eventId, delivery)
    },
  }

  const redeliveries: Redeliveries = {
    keptClaims: async (eventId) => kept.get(eventId)?.claims,
    async request(eventIds) {
      for (const eventId of eventIds) requested.add(eventId)
    },
    async redeliver(receiver) {
      const due = [...kept.values()]
        .filter(({ eventId }) => requested.has(eventId) || faults.redeliveries === 'run without a request')
        .sort((a, b) => a.occurredAt.getTime() - b.occurredAt.getTime())
      if (faults.redeliveries === 'run in the reverse order') due.reverse()
      for (const { key, eventId, claims } of due) {
        requested.delete(eventId)
        await receiver.redeliver(claims, { context: undefined })
        if (faults.redeliveries !== 'run again') continue
        marks.delete(key)
        await receiver.redeliver(claims, { context: undefined })
      }
    },
    async erase(customer) {
      if (faults.erasure === 'does nothing') return
      if (faults.erasure === 'removes marks') marks.clear()
      for (const { eventId, customer: of } of kept.values())
        if (of === customer || faults.erasure === 'is of every customer') kept.delete(eventId)
    },
  }
  return { inbox, redeliveries }
}

const cases: Faults[] = [
  {},
  { claims: 'never' },
  { claims: 'by the key in lower case' },
  { claims: 'by the trimmed key' },
  { claims: 'in a plain object' },
  { claims: 'for ever' },
  { marks: 'never' },
  { marks: 'before the work' },
  { marks: 'for ever' },
  { marks: 'without looking at the claim' },
  { releases: 'never' },
  { releases: 'without looking at the claim' },
  { throws: 'an error of its own' },
  { discards: 'never' },
  { signal: 'never fires' },
  { writes: 'stay when the work throws' },
  { writes: 'stay when the work is discarded' },
  { writes: 'are lost' },
  { responses: 'are ignored' },
  { responses: 'end the work' },
  { claimsKept: 'never' },
  { claimsKept: 'after success' },
  { claimsKept: 'only after an attempt' },
  { redeliveries: 'run without a request' },
  { redeliveries: 'run again' },
  { redeliveries: 'run in the reverse order' },
  { redeliveries: 'run without the claim' },
  { erasure: 'does nothing' },
  { erasure: 'is of every customer' },
  { erasure: 'removes marks' },
]

for (const faults of cases) {
  const [[part, fault] = ['nothing', 'is wrong']] = Object.entries(faults)
  let time = 0
  const { inbox, redeliveries } = createInbox(faults, () => time)
  const advance = (ms: number): void => {
    time += ms
  }
  describeInbox(`${part} ${fault}`, () => ({ inbox, advance }), {
    writes: { write: async (tx, value) => void tx.push(value), committed: async () => committed },
    redeliveries,
  })
}

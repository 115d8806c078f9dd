/** Inboxes with one fault each, and one without: the contract suite must find every fault. Run by `inbox-contract.system.ts`. */
import { type DeliveryInbox, DiscardEvent } from '@kinde-billing/core/receiver'
import { describeInbox } from '../src/inbox-contract.js'

interface Faults {
  claims?: 'never' | 'by the key in lower case' | 'by the trimmed key' | 'in a plain object' | 'for ever'
  marks?: 'never' | 'before the work' | 'for ever' | 'without looking at the claim'
  releases?: 'never' | 'without looking at the claim'
  throws?: 'an error of its own'
  discards?: 'never'
  signal?: 'never fires'
  writes?: 'stay when the work throws' | 'stay when the work is discarded' | 'are lost'
}

interface Claim {
  endsAt: number
  controller: AbortController
}

/** What a handler has written, and what has been committed. */
const committed: string[] = []

function createInbox(faults: Faults, now: () => number): DeliveryInbox<string[]> {
  const claims = new Map<string, Claim>()
  const marks = new Map<string, number>()
  const plain: Record<string, Claim | undefined> = {}
  const keyOf = (key: string): string => {
    if (faults.claims === 'by the key in lower case') return key.toLowerCase()
    return faults.claims === 'by the trimmed key' ? key.replace(/\s+/gu, ' ').trim() : key
  }
  const mark = (key: string, retentionMs: number): void => {
    if (faults.marks !== 'never')
      marks.set(key, faults.marks === 'for ever' ? Number.POSITIVE_INFINITY : now() + retentionMs)
  }

  return {
    async once({ key: given, eventId, leaseMs, retentionMs }, work) {
      const key = keyOf(given)
      if ((marks.get(key) ?? 0) > now()) return 'duplicate'
      if (faults.claims === 'in a plain object' && plain[eventId] !== undefined) return 'duplicate'
      const other = claims.get(key)
      if (faults.claims !== 'never' && other && (other.endsAt > now() || faults.claims === 'for ever'))
        return 'in_progress'
      if (faults.signal !== 'never fires') other?.controller.abort()
      const claim = { endsAt: now() + leaseMs, controller: new AbortController() }
      claims.set(key, claim)
      if (faults.marks === 'before the work') mark(key, retentionMs)

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
          if (faults.releases === 'without looking at the claim' || (holds() && faults.releases !== 'never'))
            claims.delete(key)
          throw faults.throws === undefined ? error : new Error('The work failed', { cause: error })
        }
      }
      if (!holds() && faults.marks !== 'without looking at the claim') throw new Error('The claim was lost')
      claims.delete(key)
      mark(key, retentionMs)
      if (faults.writes !== 'are lost') committed.push(...writes)
      return 'processed'
    },
  }
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
]

for (const faults of cases) {
  const [[part, fault] = ['nothing', 'is wrong']] = Object.entries(faults)
  describeInbox(
    `${part} ${fault}`,
    () => {
      let time = 0
      return {
        inbox: createInbox(faults, () => time),
        advance: (ms) => {
          time += ms
        },
      }
    },
    {
      write: async (tx, value) => void tx.push(value),
      committed: async () => committed,
    },
  )
}

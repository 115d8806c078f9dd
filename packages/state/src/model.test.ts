import { isDeepStrictEqual } from 'node:util'
import { at, type Happening, listed, minute, START } from '@kinde-billing/test-support/billing-events'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Arrival, type ModelAnswer, modelAnswer } from '../test/access-model.js'
import { type AccessPolicy, applyBillingEvent, applySnapshot, type BillingState, summarize } from './index.js'

// An independent model of the documented rules agrees with summarize, at every prefix of every order of arrival.

const RUNS = Number(process.env.MODEL_RUNS ?? 300)
const MINUTE = 60_000
const AGREEMENTS = ['a', 'b', 'c']

const plan = fc.constantFrom(undefined, 'basic', 'pro')
const date = fc.option(fc.nat(120).map(minute), { nil: undefined })

const eventParts = fc.record({
  type: fc.constantFrom(
    ...([
      'created',
      'created',
      'cancelled',
      'cancelled',
      'failed',
      'overdue',
      'paid',
      'assigned',
      'changed',
      'usage',
    ] as const),
  ),
  agreement: fc.constantFrom(...AGREEMENTS),
  plan,
})

const listParts = fc.record({
  complete: fc.boolean(),
  agreements: fc.dictionary(
    fc.constantFrom(...AGREEMENTS),
    fc.record({ planCode: plan, expiresOn: date, periodEndsOn: date }),
    { maxKeys: 3 },
  ),
})

/** Facts at different minutes, in any order of arrival, a part of them received late. */
const arrivals: fc.Arbitrary<Arrival[]> = fc
  .uniqueArray(fc.nat(90), { minLength: 1, maxLength: 14, size: 'max' })
  .chain((minutes) =>
    fc.tuple(
      ...minutes.map((minutesLater) =>
        fc.oneof(
          { weight: 5, arbitrary: eventParts.map((parts): Happening => at(minutesLater, parts.type, parts)) },
          {
            weight: 1,
            arbitrary: listParts.map((parts): Happening => listed(minutesLater, parts.agreements, parts.complete)),
          },
        ),
      ),
    ),
  )
  .chain((happenings) =>
    fc.tuple(
      ...happenings.map((happening) =>
        fc.option(fc.nat(200), { nil: undefined }).map((late) => ({
          happening,
          receivedAt: late === undefined ? undefined : START + late * MINUTE,
        })),
      ),
    ),
  )

const grace = fc.constantFrom(undefined, 0, 5 * MINUTE, 30 * MINUTE)
const policies: fc.Arbitrary<AccessPolicy> = fc.record({
  pastDueGraceMs: grace,
  overdueGraceMs: grace,
  cancellationGraceMs: grace,
  cancelledAccess: fc.constantFrom(undefined, 'immediately', 'until_period_end'),
})

function apply(state: BillingState | undefined, { happening, receivedAt }: Arrival): BillingState {
  if ('observedAt' in happening) return applySnapshot(state, happening)
  return applyBillingEvent(state, happening, receivedAt === undefined ? {} : { receivedAt: new Date(receivedAt) })
}

it('agrees with the documented rules at every prefix', { timeout: 900_000 }, () => {
  const property = fc.property(arrivals, policies, fc.nat(60), (all, policy, minutesLater) => {
    let state: BillingState | undefined
    for (const [index, arrival] of all.entries()) {
      state = apply(state, arrival)
      const known = all.slice(0, index + 1)
      const now = Math.max(...known.map(({ happening }) => timeOf(happening))) + minutesLater * MINUTE
      const expected = modelAnswer(known, now, policy)
      if (expected === undefined) continue
      const { access, reason, plan, agreements } = summarize(state, { now, policy })
      const answer: ModelAnswer = {
        access,
        rule: reason.rule,
        plan: plan?.code,
        agreements: Object.fromEntries(agreements.map(({ id = '', access }) => [id, access])),
      }
      // of an agreement's lists only the first and the last are kept, so which of several ends counts can differ
      const isListed = known.some(({ happening }) => 'observedAt' in happening)
      const comparable = isListed && access === 'cancelled' ? { ...answer, rule: expected.rule } : answer
      // a message for each prefix would take most of the time
      if (!isDeepStrictEqual(comparable, expected)) expect(comparable, describeHistory(known)).toEqual(expected)
    }
  })
  fc.assert(property, { numRuns: RUNS })
})

const timeOf = (happening: Happening): number =>
  ('observedAt' in happening ? happening.observedAt : happening.occurredAt).getTime()

/** The history that failed, a line for each fact. */
function describeHistory(known: readonly Arrival[]): string {
  const lines = known.map(({ happening, receivedAt }) => {
    const minutes = (timeOf(happening) - START) / MINUTE
    if ('observedAt' in happening)
      return `${minutes} list ${happening.complete ? '' : 'in'}complete ${JSON.stringify(happening.agreements)}`
    const { type, agreement } = happening
    const late = receivedAt === undefined ? '' : `, received ${(receivedAt - START) / MINUTE}`
    return `${minutes} ${type} ${agreement.id} ${'plan' in happening ? happening.plan.code : ''}${late}`
  })
  return `\n${lines.join('\n')}\n`
}

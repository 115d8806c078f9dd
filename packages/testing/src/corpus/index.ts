import type { JsonWebKeySet } from '@kinde-billing/core'
import { assertKnownOptions, assertType, invalidConfiguration } from '@kinde-billing/core/internal'
import { algorithm } from './algorithm.js'
import { type CaseDraft, type CorpusCase, type CorpusFamily, finish } from './case.js'
import { compatibility } from './compatibility.js'
import { encoding } from './encoding.js'
import { header } from './header.js'
import { keys } from './keys.js'
import { createMint, type Mint } from './mint.js'
import { payload } from './payload.js'
import { signature } from './signature.js'
import { substitution } from './substitution.js'
import { time } from './time.js'

export type { CorpusBytes, CorpusCase, CorpusExpectation, CorpusFamily } from './case.js'

/** For when, and for whom, the corpus is made. */
export interface AdversarialCorpusOptions {
  /** The moment the tokens are made for, in epoch milliseconds. Default: 2 March 2026, noon UTC. */
  readonly now?: number | undefined
  /** The Kinde domain they claim to come from. Default `https://test.kinde.com`. */
  readonly issuer?: string | undefined
}

/** Hostile and genuine tokens, and the settings of the receiver that they are for. */
export interface AdversarialCorpus {
  /** The receiver's time in epoch milliseconds: pass `now: () => corpus.now`. */
  readonly now: number
  /** The receiver's `issuer`. */
  readonly issuer: string
  /** The issuer's key set, for every case that does not bring its own. */
  readonly jwks: JsonWebKeySet
  /** All of them, family by family. */
  readonly cases: readonly CorpusCase[]
}

const FAMILIES: Record<CorpusFamily, (mint: Mint) => CaseDraft[]> = {
  algorithm,
  header,
  encoding,
  signature,
  keys,
  payload,
  substitution,
  time,
  compatibility,
}

/**
 * Makes the corpus: some hundreds of tokens, hostile ones that must be refused and genuine ones that must be accepted,
 * each with its reason. The same options make the same corpus, byte for byte: the keys are fixed.
 *
 * The cases without a `jwks` can all be sent to one server; the others need a receiver each.
 *
 * @throws {KindeWebhookError} `invalid_configuration`: an option that is unknown or wrong.
 *
 * @example
 * ```ts
 * import { createBillingVerifier } from '@kinde-billing/core'
 * import { adversarialCorpus } from '@kinde-billing/testing/corpus'
 *
 * const { issuer, now, jwks, cases } = await adversarialCorpus()
 * for (const { name, token, expect, ...own } of cases) {
 *   const verifier = createBillingVerifier({ issuer, now: () => now, jwks: own.jwks ?? jwks })
 *   const result = await verifier.safeVerifyAndParse(token)
 *   if (result.ok !== (expect.verdict === 'accept')) throw new Error(name)
 * }
 * ```
 */
export async function adversarialCorpus(options: AdversarialCorpusOptions = {}): Promise<AdversarialCorpus> {
  assertKnownOptions('adversarialCorpus', options, ['now', 'issuer'])
  const { now = Date.UTC(2026, 2, 2, 12), issuer = 'https://test.kinde.com' } = options
  if (!Number.isSafeInteger(now)) throw invalidConfiguration('now', now, 'pass epoch milliseconds, such as Date.now()')
  assertType('issuer', issuer, 'string')
  const mint = createMint(now, issuer)
  const cases: Promise<CorpusCase>[] = []
  for (const [family, draftsOf] of Object.entries(FAMILIES) as [CorpusFamily, (mint: Mint) => CaseDraft[]][])
    cases.push(...draftsOf(mint).map((draft) => finish(family, draft)))
  return { now, issuer, jwks: mint.jwks, cases: await Promise.all(cases) }
}

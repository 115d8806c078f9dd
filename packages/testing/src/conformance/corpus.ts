import { beforeAll, expect, it } from 'vitest'
import { type AdversarialCorpus, adversarialCorpus, type CorpusCase, type CorpusFamily } from '../corpus/index.js'
import { ANSWERS } from './answers.js'
import type { Endpoint } from './endpoint.js'
import { request } from './http-request.js'
import type { Suite } from './suite.js'

const FAMILIES = [
  'algorithm',
  'header',
  'encoding',
  'signature',
  'keys',
  'payload',
  'substitution',
  'time',
  'compatibility',
] as const satisfies readonly CorpusFamily[]

/** Sends the hostile and the genuine tokens of the corpus over HTTP. */
export function corpus(suite: Suite): void {
  let made: AdversarialCorpus
  const endpoints = new Map<string, Promise<Endpoint>>()

  /** Cases share an endpoint as far as they share a key set. Without an inbox, since several are attempts of one event. */
  const getEndpoint = (jwks: AdversarialCorpus['jwks']): Promise<Endpoint> => {
    const keySet = JSON.stringify(jwks)
    const { issuer, now } = made
    const known =
      endpoints.get(keySet) ?? suite.open({ issuer, jwks, now: () => now, inbox: false, maxTokenBytes: undefined })
    endpoints.set(keySet, known)
    return known
  }

  const findMistake = async ({ name, token, jwks, expect: expected }: CorpusCase): Promise<string | undefined> => {
    const endpoint = await getEndpoint(jwks ?? made.jwks)
    const answer = await request(endpoint.url, { body: token })
    const outcome = endpoint.outcomes.at(-1)
    const seen = { status: answer?.status, body: answer?.body, code: outcome?.error?.code, id: outcome?.event?.id }
    const wanted = {
      status: expected.status,
      body: toBody(expected),
      code: expected.verdict === 'accept' ? undefined : expected.code,
      id: expected.verdict === 'accept' ? expected.id : undefined,
    }
    return JSON.stringify(seen) === JSON.stringify(wanted)
      ? undefined
      : `${name}: ${JSON.stringify(seen)} instead of ${JSON.stringify(wanted)}`
  }

  // signing it takes seconds on a busy machine, and the default limit of Jest is 5 s
  beforeAll(async () => {
    made = await adversarialCorpus()
  }, 180_000)

  it.each(FAMILIES)(
    'answers the family %s as expected',
    async (family) => {
      const mistakes: string[] = []
      const cases = made.cases.filter((one) => one.family === family)
      for (const one of cases) mistakes.push(...[await findMistake(one)].filter((mistake) => mistake !== undefined))
      expect(cases.length).toBeGreaterThan(0)
      expect(mistakes).toEqual([])
    },
    180_000,
  )
}

function toBody(expected: CorpusCase['expect']): string {
  if (expected.verdict === 'accept') return ANSWERS.processed.body
  if (expected.verdict === 'unsupported') return ANSWERS.unsupported.body
  return expected.status === ANSWERS.unauthorized.status ? ANSWERS.unauthorized.body : `{"error":"${expected.code}"}`
}

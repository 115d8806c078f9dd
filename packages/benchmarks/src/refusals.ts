import { createBillingVerifier, isKindeWebhookError } from '@kinde-billing/core'
import { billingEventFixture, createTestIssuer } from '@kinde-billing/testing'
import { median } from './measure.js'

export interface Refusal {
  readonly input: string
  readonly chars: number
  readonly code: string
  readonly medianMs: number
  readonly worstMs: number
}

const MIB = 1024 * 1024
const REPETITIONS = 25

/** How long it takes to refuse what no signature is worth checking of. */
export async function measureRefusals(): Promise<Refusal[]> {
  const { issuer, jwks, sign } = await createTestIssuer()
  const verifier = createBillingVerifier({ issuer, jwks })
  const genuine = await sign(billingEventFixture('customer.plan_changed'))
  const refusals: Refusal[] = []
  for (const [input, token] of Object.entries(hostileInputs(genuine))) {
    const times: number[] = []
    let code = ''
    for (let index = 0; index < REPETITIONS; index++) {
      const startedAt = performance.now()
      const result = await verifier.safeVerifyAndParse(token)
      times.push(performance.now() - startedAt)
      code = !result.ok && isKindeWebhookError(result.error) ? result.error.code : 'accepted'
    }
    refusals.push({ input, chars: token.length, code, medianMs: median(times), worstMs: Math.max(...times) })
  }
  return refusals
}

function hostileInputs(genuine: string): Record<string, string | Uint8Array> {
  const [header = '', payload = '', signature = ''] = genuine.split('.')
  const encode = (text: string): string => Buffer.from(text).toString('base64url')
  const garbage = 'A'.repeat(MIB)
  return {
    'a byte over the limit': 'A'.repeat(MIB + 1),
    '64 MiB': 'A'.repeat(64 * MIB),
    '64 MiB of bytes': new Uint8Array(64 * MIB),
    '1 MiB of one character': garbage,
    '1 MiB of dots': '.'.repeat(MIB),
    '1 MiB of white space': ' '.repeat(MIB),
    '1 MiB of zero bytes': new Uint8Array(MIB),
    '1 MiB of invalid UTF-8': new Uint8Array(MIB).fill(0xff),
    '1 MiB of surrogates': '\ud800'.repeat(MIB / 2),
    'a header of 1 MiB': `${garbage.slice(0, MIB - 1000)}.${payload}.${signature}`.slice(0, MIB),
    'a header of 20,000 brackets': `${encode('['.repeat(20_000))}.${payload}.${signature}`,
    'a header nested 3,000 deep': `${encode(`{"alg":${'['.repeat(3000)}${']'.repeat(3000)}}`)}.${payload}.${signature}`,
    'a header of invalid UTF-8': `${Buffer.alloc(6000, 0xff).toString('base64url')}.${payload}.${signature}`,
    'a kid of 6,000 characters': `${encode(JSON.stringify({ alg: 'RS256', kid: 'k'.repeat(6000) }))}.${payload}.${signature}`,
    'alg none and 1 MiB of payload': `${encode('{"alg":"none","kid":"k"}')}.${garbage.slice(0, MIB - 400)}.AAAA`,
    'an unknown kid and 1 MiB of payload': `${encode('{"alg":"RS256","kid":"k"}')}.${garbage.slice(0, MIB - 400)}.AAAA`,
    'a payload that ends in a space, 1 MiB': `${header}.${garbage.slice(0, MIB - 800)} .${signature}`,
  }
}

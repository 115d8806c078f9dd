import { createPublicKey, verify as verifySignature } from 'node:crypto'
import { decodeWebhook } from '@kinde/webhooks'
import { createBillingVerifier, verifyAndParse } from '@kinde-billing/core'
import { billingEventFixture } from '@kinde-billing/testing'
import { startTestIssuer, type TestIssuerServer } from '@kinde-billing/testing/server'
import { createVerifier } from 'fast-jwt'
import buildGetJwks from 'get-jwks'
import { createRemoteJWKSet, importJWK, jwtVerify } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import jwksRsa from 'jwks-rsa'
import * as v from 'valibot'
import type { Contestant } from './measure.js'

export const OURS = 'verifyAndParse'
export const OURS_ONE_CALL = 'verifyAndParse, options at each call'
export const BARE_JOSE = 'jose, imported key'
export const JOSE_AND_VALIBOT = 'jose, remote key set, and valibot'
export const FAST_JWT = 'fast-jwt and get-jwks'
export const FAST_JWT_SYNC = 'fast-jwt, key given'
export const KINDE_WEBHOOKS = '@kinde/webhooks 1.0.0'

const TOKENS = 64

/** Every way to verify the same tokens, each as its documentation shows it. The key sets are served on loopback. */
export async function verificationContestants(): Promise<{ contestants: Contestant[]; close: () => Promise<void> }> {
  const server = await startTestIssuer()
  const tokens = await Promise.all(
    Array.from({ length: TOKENS }, () => server.sign(billingEventFixture('customer.plan_changed'))),
  )
  const token = (index: number): string => tokens[index % TOKENS] ?? ''
  const contestants = [
    ours(server, token),
    oursInOneCall(server, token),
    await bareJose(server, token),
    joseAndValibot(server, token),
    fastJwt(server, token),
    fastJwtSync(server, token),
    jsonWebToken(server, token),
    { name: KINDE_WEBHOOKS, run: (index: number) => orThrow(decodeWebhook(token(index), server.issuer)) },
    cryptoFloor(server, tokens),
  ]
  return { contestants, close: () => server.close() }
}

type TokenAt = (index: number) => string

function ours({ issuer }: TestIssuerServer, token: TokenAt): Contestant {
  const verifier = createBillingVerifier({ issuer })
  return { name: OURS, run: (index) => verifier.verifyAndParse(token(index)) }
}

function oursInOneCall({ issuer }: TestIssuerServer, token: TokenAt): Contestant {
  return { name: OURS_ONE_CALL, run: (index) => verifyAndParse(token(index), { issuer }) }
}

async function bareJose({ jwks }: TestIssuerServer, token: TokenAt): Promise<Contestant> {
  const key = await importJWK({ ...jwks.keys[0] }, 'RS256')
  return { name: BARE_JOSE, run: (index) => jwtVerify(token(index), key, { algorithms: ['RS256'] }) }
}

function joseAndValibot({ issuer }: TestIssuerServer, token: TokenAt): Contestant {
  const keySet = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks`))
  const optional = v.optional(v.string())
  const Event = v.object({
    type: v.picklist(['customer.plan_assigned', 'customer.plan_changed']),
    event_id: v.pipe(v.string(), v.nonEmpty()),
    timestamp: v.pipe(v.string(), v.isoTimestamp()),
    event_timestamp: optional,
    source: optional,
    data: v.looseObject({ customer_id: optional, user_id: optional, agreement_id: optional, plan_code: optional }),
  })
  return {
    name: JOSE_AND_VALIBOT,
    run: async (index) => v.parse(Event, (await jwtVerify(token(index), keySet, { algorithms: ['RS256'] })).payload),
  }
}

/** Without its cache of results, which would answer a token that it has seen before without verifying it. */
function fastJwt({ issuer }: TestIssuerServer, token: TokenAt): Contestant {
  const getJwks = buildGetJwks()
  const verify = createVerifier({
    algorithms: ['RS256'],
    key: async ({ header }: { header: { kid?: string; alg?: string } }) =>
      getJwks.getPublicKey({ kid: header.kid ?? '', alg: header.alg ?? '', domain: issuer }),
  })
  return { name: FAST_JWT, run: (index) => verify(token(index)) }
}

/** Synchronous: no key set, no thread. */
function fastJwtSync({ jwks }: TestIssuerServer, token: TokenAt): Contestant {
  const key = createPublicKey({ key: { ...jwks.keys[0] }, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
  const verify = createVerifier({ algorithms: ['RS256'], key: String(key) })
  return { name: FAST_JWT_SYNC, run: (index) => verify(token(index)) }
}

function jsonWebToken({ issuer }: TestIssuerServer, token: TokenAt): Contestant {
  const client = jwksRsa({ jwksUri: `${issuer}/.well-known/jwks` })
  const verify = (one: string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      jsonwebtoken.verify(
        one,
        ({ kid }, answer) => {
          client.getSigningKey(kid).then((key) => answer(null, key.getPublicKey()), answer)
        },
        { algorithms: ['RS256'] },
        (error, claims) => (error ? reject(error) : resolve(claims)),
      )
    })
  return { name: 'jsonwebtoken and jwks-rsa', run: (index) => verify(token(index)) }
}

/** The signature alone, synchronously, with everything decoded beforehand: nothing can be faster. */
function cryptoFloor({ jwks }: TestIssuerServer, tokens: readonly string[]): Contestant {
  const key = createPublicKey({ key: { ...jwks.keys[0] }, format: 'jwk' })
  const decoded = tokens.map((token) => {
    const end = token.lastIndexOf('.')
    return { input: Buffer.from(token.slice(0, end)), signature: Buffer.from(token.slice(end + 1), 'base64url') }
  })
  const run = (index: number): void => {
    const one = decoded[index % decoded.length]
    if (one === undefined || !verifySignature('sha256', one.input, key, one.signature)) throw new Error('not verified')
  }
  return { name: 'crypto.verify alone', run }
}

async function orThrow(result: Promise<unknown>): Promise<unknown> {
  return (await result) ?? Promise.reject(new Error('not verified'))
}

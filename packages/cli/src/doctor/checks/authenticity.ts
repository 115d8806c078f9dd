import { createHmac, createPublicKey } from 'node:crypto'
import type { Answer } from '../../endpoint/send.js'
import type { PublicKey } from '../../issuer/development-key.js'
import { type Check, type CheckOutcome, foundOr, ok, unclear } from '../check.js'
import { type FaultId, type Finding, finding } from '../faults.js'
import { describeAnswer, isAccepted, type Probe, type ProbeOptions, type Session } from '../session.js'

interface Forgery {
  readonly how: string
  readonly fault: FaultId
  readonly create: () => Probe
}

/** Tokens that the issuer has not signed are refused. */
export const forged: Check = {
  title: 'forged',
  async run(session) {
    session.facts.hidesRefusals = await hidesRefusals(session)
    const findings: Finding[] = []
    const words = new Set<string>()
    for (const { how, fault, create } of createForgeries(session)) {
      const { probe, answer, isHandled } = await tryAcceptance(session, create)
      words.add(describeAnswer(answer))
      if (isHandled) findings.push(finding(fault, `A forged delivery (${how}) was answered ${describeAnswer(answer)}.`))
      if (((await session.countRuns(probe)) ?? 0) > 0)
        findings.push(finding('forgery_handled', `The handler ran for a forged delivery (${how}).`))
    }
    return foundOr(findings, toRefused(session, words))
  },
}

interface Acceptance {
  readonly probe: Probe
  readonly answer: Answer
  /** `false` if the answer shows that the handler has not run. Some endpoints answer 200 to forgeries and drop them. */
  readonly isHandled: boolean
}

/** Delivers what must not be handled. Up to three times if only the time tells: a busy machine delays single answers. */
async function tryAcceptance(session: Session, create: () => Probe): Promise<Acceptance> {
  const { reference, hidesRefusals } = session.facts
  for (let tries = 1; ; tries++) {
    const probe = create()
    const answer = await session.deliver(probe)
    if (!isAccepted(answer) || hidesRefusals) return { probe, answer, isHandled: false }
    const isCounted = (await session.countRuns(probe)) !== undefined
    const run = await session.findRun(probe, answer)
    if (isCounted) return { probe, answer, isHandled: run === 'ran' }
    if (!reference.looksHandled(answer) || run === 'skipped') return { probe, answer, isHandled: false }
    if (reference.tells !== 'times' || tries === 3) return { probe, answer, isHandled: true }
  }
}

/** It verifies, as an outage of the keys has shown, and answers 200 to everything: nothing tells what it has handled. */
async function hidesRefusals(session: Session): Promise<boolean> {
  const { reference, needsKeys } = session.facts
  if (!needsKeys || reference.tells !== 'nothing') return false
  if ((await session.countRuns(session.event())) !== undefined) return false
  const garbage = await session.request({ body: 'no token' })
  return isAccepted(garbage) && reference.looksHandled(garbage)
}

const toRefused = ({ facts }: Session, words: ReadonlySet<string>): CheckOutcome =>
  facts.hidesRefusals
    ? unclear('it answers 200 to everything, even to what is not a token; whether the handler ran cannot be seen')
    : ok(`refused: ${[...words].join(', ')}`)

function createForgeries(session: Session): Forgery[] {
  const { attackerKey, key } = session
  const jwk = attackerKey.publicKey
  // with these, a run of the handler shows
  const data = session.facts.tellingData
  return [
    { how: 'another key', fault: 'decode_without_verification', create: () => session.forgedEvent({ data }) },
    {
      how: 'alg none',
      fault: 'decode_without_verification',
      create: () => withoutSignature(session.event({ data, header: { alg: 'none' } })),
    },
    {
      how: "another event's signature",
      fault: 'decode_without_verification',
      create: () => withSignatureOf(session.event({ data }), session.event()),
    },
    {
      how: 'an unknown kid',
      fault: 'unknown_key_accepted',
      create: () => session.event({ data, key: attackerKey }),
    },
    {
      how: 'without kid',
      fault: 'unknown_key_accepted',
      create: () => session.event({ data, key: attackerKey, header: { kid: undefined } }),
    },
    {
      how: 'its own key as jwk in the header',
      fault: 'keys_from_token_header',
      create: () => session.event({ data, key: attackerKey, header: { jwk } }),
    },
    {
      how: "its own key as jwk in the header, under the issuer's kid",
      fault: 'keys_from_token_header',
      create: () => session.forgedEvent({ data, header: { jwk: { ...jwk, kid: key.publicKey.kid } } }),
    },
    ...publicKeyTexts(key.publicKey).map(
      ({ form, secret }): Forgery => ({
        how: `HS256 with the public key as ${form}`,
        fault: 'algorithm_confusion',
        create: () => signedWithSecret(session.event({ data }), key.publicKey.kid, secret),
      }),
    ),
  ]
}

function withoutSignature(probe: Probe): Probe {
  return { ...probe, token: `${probe.token.slice(0, probe.token.lastIndexOf('.'))}.` }
}

function withSignatureOf(probe: Probe, other: Probe): Probe {
  const [header, payload] = probe.token.split('.')
  return { ...probe, token: `${header}.${payload}.${other.token.split('.')[2]}` }
}

/** The forms in which applications keep a public key, and so may pass it as a secret. */
function publicKeyTexts(jwk: PublicKey): { readonly form: string; readonly secret: string }[] {
  const publicKey = createPublicKey({ key: { ...jwk }, format: 'jwk' })
  const spki = String(publicKey.export({ type: 'spki', format: 'pem' }))
  const pkcs1 = String(publicKey.export({ type: 'pkcs1', format: 'pem' }))
  return [
    { form: 'PEM', secret: spki },
    { form: 'PEM without the last line end', secret: spki.trim() },
    { form: 'PKCS #1 PEM', secret: pkcs1 },
    { form: 'modulus', secret: jwk.n },
  ]
}

function signedWithSecret(probe: Probe, kid: string, secret: string): Probe {
  const header = Buffer.from(JSON.stringify({ alg: 'HS256', kid, typ: 'JWT' })).toString('base64url')
  const input = `${header}.${probe.token.split('.')[1]}`
  return { ...probe, token: `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}` }
}

/** The token does not decide where the keys are. */
export const ownIssuer: Check = {
  title: 'forged, with a key set of its own',
  async run(session) {
    const { attacker, attackerKey } = session
    const claims = { iss: attacker.url }
    const jku = `${attacker.url}/.well-known/jwks`
    const forgeries: [string, ProbeOptions][] = [
      ['iss', { key: attackerKey, claims }],
      [
        "iss, under the kid of the issuer's key",
        { key: attackerKey, claims, header: { kid: session.key.publicKey.kid } },
      ],
      ['jku', { key: attackerKey, header: { jku } }],
    ]
    const findings: Finding[] = []
    for (const [how, event] of forgeries) {
      const before = attacker.requests
      const answer = await session.deliver(session.event(event))
      if (attacker.requests > before)
        findings.push(
          finding(
            'keys_from_token_issuer',
            `The endpoint asked the key set that a forged token named in ${how}, and answered ${describeAnswer(answer)}.`,
          ),
        )
    }
    return foundOr(findings, ok('the key set that the token names was never asked'))
  },
}

/** Other tokens of the tenant, signed by the right key, are not webhooks. */
export const substituted: Check = {
  title: 'substituted (access token)',
  async run(session) {
    const findings: Finding[] = []
    const words = new Set<string>()
    for (const [what, create] of otherTokens(session)) {
      const { answer, isHandled } = await tryAcceptance(session, create)
      words.add(describeAnswer(answer))
      if (isHandled)
        findings.push(
          finding('access_token_accepted', `${what}, signed by the right key, was answered ${describeAnswer(answer)}.`),
        )
    }
    return foundOr(findings, toRefused(session, words))
  },
}

function otherTokens(session: Session): [string, () => Probe][] {
  const data = session.facts.tellingData
  const seconds = Math.floor(Date.now() / 1000)
  const common = { iss: session.issuer.url, iat: seconds, exp: seconds + 3600, jti: crypto.randomUUID() }
  const access = { ...common, aud: [], azp: 'doctor', sub: 'kp_doctor', scp: ['openid'] }
  const id = { ...common, aud: ['doctor'], sub: 'kp_doctor', at_hash: 'doctor', auth_time: seconds, nonce: 'doctor' }
  const machine = { ...common, aud: ['doctor'], azp: 'doctor', gty: ['client_credentials'], tx: 'read:events' }
  return [
    ['An access token', () => ({ ...session.event(), token: session.key.sign(access) })],
    ['An access token with the claims of an event', () => session.event({ data, claims: access })],
    ['An ID token with the claims of an event', () => session.event({ data, claims: id })],
    ['A machine token with the claims of an event', () => session.event({ data, claims: machine })],
  ]
}

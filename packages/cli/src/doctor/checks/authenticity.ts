import { type Check, foundOr, ok } from '../check.js'
import { type Examination, isAccepted, type Probe, type ProbeOptions, wordsOf } from '../examination.js'
import { type Finding, finding } from '../faults.js'

/** What nobody has signed, or somebody else has, is refused. */
export const forged: Check = {
  title: 'forged',
  async examine(x) {
    const forgeries: [string, Probe][] = [
      ['another key', x.event({ key: x.rogueKey, header: { kid: x.key.publicKey.kid } })],
      ['alg none', unsigned(x.event({ header: { alg: 'none' } }))],
      ["another event's signature", transplanted(x.event(), x.event())],
    ]
    const findings: Finding[] = []
    const words: string[] = []
    for (const [how, probe] of forgeries) {
      const answer = await x.deliver(probe)
      words.push(wordsOf(answer))
      if (isAccepted(answer))
        findings.push(
          finding('decode_without_verification', `A forged delivery (${how}) was answered ${wordsOf(answer)}.`),
        )
      if (((await x.runsOf(probe)) ?? 0) > 0)
        findings.push(finding('forgery_handled', `The handler ran for a forged delivery (${how}).`))
    }
    return foundOr(findings, ok(`refused: ${[...new Set(words)].join(', ')}`))
  },
}

function unsigned(probe: Probe): Probe {
  return { ...probe, token: `${probe.token.slice(0, probe.token.lastIndexOf('.'))}.` }
}

function transplanted(probe: Probe, other: Probe): Probe {
  const [header, payload] = probe.token.split('.')
  return { ...probe, token: `${header}.${payload}.${other.token.split('.')[2]}` }
}

/** The token does not say where the keys are. */
export const ownIssuer: Check = {
  title: 'forged, with keys of its own',
  async examine(x) {
    const claims = { iss: x.rogue.url }
    const jku = `${x.rogue.url}/.well-known/jwks`
    const forgeries: [string, ProbeOptions][] = [
      ['iss', { key: x.rogueKey, claims }],
      ["iss, under the kid of the issuer's key", { key: x.rogueKey, claims, header: { kid: x.key.publicKey.kid } }],
      ['jku', { key: x.rogueKey, header: { jku } }],
    ]
    const findings: Finding[] = []
    for (const [how, event] of forgeries) {
      const before = x.rogue.requests
      const answer = await x.deliver(x.event(event))
      if (x.rogue.requests > before)
        findings.push(
          finding(
            'keys_from_token_issuer',
            `The endpoint asked the key set that a forged token named in ${how}, and answered ${wordsOf(answer)}.`,
          ),
        )
    }
    return foundOr(findings, ok('the key set that the token names was never asked'))
  },
}

/** Other tokens of the same tenant, signed by the right key, are no webhooks. */
export const substituted: Check = {
  title: 'substituted (access token)',
  async examine(x) {
    const findings: Finding[] = []
    const words: string[] = []
    for (const [what, probe] of otherTokens(x)) {
      const answer = await x.deliver(probe)
      words.push(wordsOf(answer))
      const runs = await x.runsOf(probe)
      if (isAccepted(answer) || (runs ?? 0) > 0)
        findings.push(
          finding('access_token_accepted', `${what}, signed by the right key, was answered ${wordsOf(answer)}.`),
        )
    }
    return foundOr(findings, ok(`refused: ${[...new Set(words)].join(', ')}`))
  },
}

function otherTokens(x: Examination): [string, Probe][] {
  const seconds = Math.floor(Date.now() / 1000)
  const common = { iss: x.issuer.url, iat: seconds, exp: seconds + 3600, jti: crypto.randomUUID() }
  const access = { ...common, aud: [], azp: 'doctor', sub: 'kp_doctor', scp: ['openid'] }
  const id = { ...common, aud: ['doctor'], sub: 'kp_doctor', at_hash: 'doctor', auth_time: seconds, nonce: 'doctor' }
  const machine = { ...common, aud: ['doctor'], azp: 'doctor', gty: ['client_credentials'], tx: 'read:events' }
  const bare: Probe = { ...x.event(), token: x.key.sign(access) }
  return [
    ['An access token', bare],
    ['An access token with the claims of an event', x.event({ claims: access })],
    ['An ID token with the claims of an event', x.event({ claims: id })],
    ['A machine token with the claims of an event', x.event({ claims: machine })],
  ]
}

import type { Answer } from '../../endpoint/send.js'
import { type CheckOutcome, found } from '../check.js'
import { finding } from '../faults.js'
import { describeAnswer, isAccepted, type Session } from '../session.js'

/** Finds out why an endpoint accepts nothing: its media type, a missing claim, another issuer, or something else. */
export async function explainRefusal(session: Session, refused: Answer): Promise<CheckOutcome> {
  const { facts, issuer } = session
  const words = describeAnswer(refused)
  const mediaType = await findMediaType(session)
  if (mediaType !== undefined) {
    facts.mediaType = mediaType
    const evidence = `As application/jwt, which Kinde sends, a genuine token was answered ${words}; as ${mediaType} it was accepted.`
    return found({ ...finding('media_type_refused', evidence), severity: 'error' })
  }
  if (await acceptsWithIssuer(session)) {
    const evidence = `A genuine token was answered ${words}, and accepted once it carried iss.`
    return found(finding('issuer_claim_required', evidence))
  }
  if (/^404/.test(words)) return found(finding('endpoint_unreachable', `It answered ${words}.`))
  // 503: it asks another issuer, which does not answer
  if (issuer.requests === 0 && /^(?:401|403|503)/.test(words))
    return found(finding('issuer_not_trusted', `It answered ${words}, and never asked ${issuer.url} for its keys.`))
  const asked = issuer.requests > 0 ? "It asked for the issuer's keys" : "It never asked for the issuer's keys"
  return found(finding('genuine_refused', `${asked}, and answered ${words}.`))
}

/** Looks for a media type with which the endpoint accepts the token. */
async function findMediaType(session: Session): Promise<string | undefined> {
  for (const mediaType of ['application/json', 'text/plain', 'application/octet-stream']) {
    const answers = await session.deliverUntilAccepted(session.event(), { 'content-type': mediaType })
    if (!answers.some(isAccepted)) continue
    session.facts.isAccepting = true
    return mediaType
  }
  return undefined
}

async function acceptsWithIssuer(session: Session): Promise<boolean> {
  const { facts, issuer } = session
  facts.extraClaims = { iss: issuer.url }
  const answers = await session.deliverUntilAccepted(session.event())
  if (answers.some(isAccepted)) {
    facts.isAccepting = true
    return true
  }
  facts.extraClaims = {}
  return false
}

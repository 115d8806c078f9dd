import type { Answer } from '../../endpoint/send.js'
import { type Check, foundOr, ok } from '../check.js'
import { type Finding, finding } from '../faults.js'
import { fingerprint } from '../reference.js'
import { describeAnswer, isAccepted, type Session } from '../session.js'

/** The signature decides, not the media type, and nothing parses the body before it. */
export const mediaType: Check = {
  title: 'media type and body parsers',
  async run(session) {
    const findings: Finding[] = []
    for (const type of ['application/jwt', 'application/json']) {
      // explained before
      if (type === 'application/jwt' && session.facts.mediaType !== type) continue
      const answer = await deliverAs(session, type)
      if (isAccepted(answer) || isRefusedByType(type, answer)) continue
      const parser = await findJsonParser(session, type, answer)
      if (parser !== undefined) findings.push(parser)
      else if (session.facts.isAccepting && type !== 'application/jwt')
        findings.push(finding('media_type_refused', `With ${type} it was answered ${describeAnswer(answer)}.`))
      if (parser !== undefined) break
    }
    findings.push(...(await findForm(session)))
    return foundOr(findings, ok('the media type does not decide, and nothing parses the body'))
  },
}

/** An endpoint may insist on the type that Kinde sends today. */
const isRefusedByType = (type: string, { status }: Answer): boolean => type === 'application/json' && status === 415

async function deliverAs(session: Session, type: string): Promise<Answer> {
  const answers = await session.deliverUntilAccepted(session.event(), { 'content-type': type })
  return answers.find(isAccepted) ?? answers[0]
}

const JSON_WORDS =
  /Unexpected (?:token|end)|SyntaxError|(?:valid|malformed|parse) JSON(?! Web)|JSON\.parse|entity\.parse|body_already_parsed/i

/**
 * Looks for a JSON parser behind a refusal. It shows in one of four ways: its answer speaks of parsing, it accepts a token
 * that is wrapped in JSON, it tells broken JSON from whole, or it refuses what is accepted as another media type.
 */
async function findJsonParser(session: Session, type: string, refused: Answer): Promise<Finding | undefined> {
  const words = describeAnswer(refused)
  if (refused.status === 415) return undefined
  if (JSON_WORDS.test(refused.body))
    return finding('json_body_parser', `A genuine token sent as ${type} was answered ${words}.`)
  for (const [what, wrap] of WRAPPINGS) {
    const wrapped = await post(session, type, wrap(session.event().token))
    if (isAccepted(wrapped) && !isAccepted(await post(session, type, wrap(session.forgedEvent().token))))
      return finding('json_body_parser', `It accepts a token inside ${what} (${type}), which Kinde does not send.`)
  }
  const [whole, broken] = [await post(session, type, '{}'), await post(session, type, '{')]
  const isConstant = fingerprint(whole) === fingerprint(await post(session, type, '{}'))
  if (isConstant && fingerprint(whole) !== fingerprint(broken)) {
    const evidence = `As ${type}, the body {} is answered ${describeAnswer(whole)}, and { is answered ${describeAnswer(broken)}.`
    return finding('json_body_parser', evidence, whole.status === broken.status ? 'likely' : 'proven')
  }
  // an endpoint that accepts nothing may just as well trust another issuer
  if (!session.facts.isAccepting || type !== 'application/json' || !/^(?:400|422|500)/.test(words)) return undefined
  const evidence = `A genuine token is accepted as application/jwt, and answered ${words} as ${type}.`
  return finding('json_body_parser', evidence, 'likely')
}

const WRAPPINGS: readonly [string, (token: string) => string][] = [
  ['a JSON string', JSON.stringify],
  ...['token', 'jwt', 'body', 'payload', 'data'].map((member): [string, (token: string) => string] => [
    `JSON as "${member}"`,
    (token) => JSON.stringify({ [member]: token }),
  ]),
]

function post(session: Session, type: string, body: string): Promise<Answer> {
  return session.request({ body, headers: { 'content-type': type, 'webhook-id': crypto.randomUUID() } })
}

async function findForm(session: Session): Promise<Finding[]> {
  if (!session.facts.isAccepting) return []
  const answer = await session.deliver(session.event(), { 'content-type': 'application/x-www-form-urlencoded' })
  return isAccepted(answer)
    ? [finding('form_accepted', `A token sent as a form was answered ${describeAnswer(answer)}.`)]
    : []
}

import type { Answer } from '../../endpoint/send.js'
import { type Check, foundOr, ok } from '../check.js'
import { type Examination, isAccepted, wordsOf } from '../examination.js'
import { type Finding, finding } from '../faults.js'
import { printOf } from '../reference.js'

/** The signature decides, not the media type; and nothing parses the body before it. */
export const mediaType: Check = {
  title: 'media type and body parsers',
  async examine(x) {
    const parser = await findJsonParser(x)
    if (parser !== undefined) return foundOr([parser, ...(await findForm(x))], ok(''))
    const refused: Finding[] = []
    for (const type of x.facts.isAccepting ? ['application/json', 'text/plain', undefined] : []) {
      const answer = await deliverAs(x, type)
      if (!isAccepted(answer))
        refused.push(
          finding('media_type_refused', `With ${type ?? 'no content-type'} it was answered ${wordsOf(answer)}.`),
        )
    }
    return foundOr(
      [...refused, ...(await findForm(x))],
      ok('the media type does not decide, and nothing parses the body'),
    )
  },
}

async function deliverAs(x: Examination, type: string | undefined): Promise<Answer> {
  const probe = x.event()
  if (type !== undefined) return (await x.deliverUntilAccepted(probe, { 'content-type': type })).at(-1) ?? never()
  const answer = await x.request({ body: probe.token, headers: { 'webhook-id': probe.webhookId } })
  return isAccepted(answer) ? answer : x.request({ body: probe.token, headers: { 'webhook-id': probe.webhookId } })
}

const JSON_WORDS =
  /Unexpected (?:token|end)|SyntaxError|(?:valid|malformed|parse) JSON(?! Web)|JSON\.parse|entity\.parse|body_already_parsed/i

/**
 * A parser shows in one of four ways: it accepts a token that is wrapped in JSON, it speaks of JSON, it tells broken JSON
 * from whole, or a genuine token never comes as far as the keys.
 */
async function findJsonParser(x: Examination): Promise<Finding | undefined> {
  const { isAccepting } = x.facts
  for (const type of ['application/jwt', 'application/json']) {
    const genuine = await deliverAs(x, type)
    const words = wordsOf(genuine)
    if (!isAccepted(genuine) && JSON_WORDS.test(genuine.body))
      return finding('json_body_parser', `A genuine token sent as ${type} was answered ${words}.`)
    for (const [what, wrap] of WRAPPINGS) {
      const wrapped = await post(x, type, wrap(x.event().token))
      if (isAccepted(wrapped) && !isAccepted(await post(x, type, wrap(forgedToken(x)))))
        return finding('json_body_parser', `It accepts a token inside ${what} (${type}), which Kinde does not send.`)
    }
    const [whole, broken] = [await post(x, type, '{}'), await post(x, type, '{')]
    if (printOf(whole) !== printOf(broken)) {
      const evidence = `As ${type}, the body {} is answered ${wordsOf(whole)}, and { is answered ${wordsOf(broken)}.`
      return finding('json_body_parser', evidence, whole.status === broken.status ? 'likely' : 'proven')
    }
    if (isAccepting && type === 'application/json' && /^(?:400|422|500)/.test(words))
      return finding(
        'json_body_parser',
        `A genuine token is accepted as application/jwt, and answered ${words} as ${type}.`,
        'likely',
      )
    if (!isAccepting && x.issuer.requests === 0 && /^(?:400|415|422|500)/.test(words))
      return finding(
        'json_body_parser',
        `A genuine token was answered ${words} before any key was asked for.`,
        'likely',
      )
  }
  return undefined
}

const WRAPPINGS: readonly [string, (token: string) => string][] = [
  ['a JSON string', JSON.stringify],
  ...['token', 'jwt', 'body', 'payload', 'data'].map((member): [string, (token: string) => string] => [
    `JSON as "${member}"`,
    (token) => JSON.stringify({ [member]: token }),
  ]),
]

const forgedToken = (x: Examination): string => x.event({ key: x.rogueKey, header: { kid: x.key.publicKey.kid } }).token

function post(x: Examination, type: string, body: string): Promise<Answer> {
  return x.request({ body, headers: { 'content-type': type, 'webhook-id': crypto.randomUUID() } })
}

async function findForm(x: Examination): Promise<Finding[]> {
  if (!x.facts.isAccepting) return []
  const answer = await x.deliver(x.event(), { 'content-type': 'application/x-www-form-urlencoded' })
  return isAccepted(answer) ? [finding('form_accepted', `A token sent as a form was answered ${wordsOf(answer)}.`)] : []
}

function never(): never {
  throw new Error('A delivery without an answer.')
}

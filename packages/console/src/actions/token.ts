import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

const LIFETIME_MS = 12 * 60 * 60 * 1000

/** The use of a token that a form has sent: its id is used once, by the log of actions. */
export type TokenUse = { readonly id: string } | { readonly problem: string }

/** Creates a secret for {@link signToken}. */
export const newSecret = (): string => randomBytes(32).toString('base64url')

/** Signs a token for one page's forms: a random id and the time, bound to the operator. */
export function signToken(secret: string, actor: string | undefined, now: number): string {
  const text = `${randomBytes(18).toString('base64url')}.${now.toString(36)}`
  return `${text}.${signature(secret, text, actor)}`
}

/** Checks a token: ours, of this operator, and not too old. */
export function checkToken(secret: string, actor: string | undefined, token: string, now: number): TokenUse {
  const [id = '', time = '', given = ''] = token.split('.')
  const expected = Buffer.from(signature(secret, `${id}.${time}`, actor))
  const actual = Buffer.from(given)
  if (actual.length !== expected.length || !timingSafeEqual(actual, expected))
    return { problem: 'The form has no valid token. Open the page again and send it from there.' }
  const age = now - Number.parseInt(time, 36)
  if (!(age <= LIFETIME_MS))
    return { problem: 'The form is older than 12 hours. Open the page again and send it from there.' }
  return { id }
}

// JSON, so that no name can look like another one's end.
const signature = (secret: string, text: string, actor: string | undefined): string =>
  createHmac('sha256', secret)
    .update(JSON.stringify([text, actor ?? null]))
    .digest('base64url')

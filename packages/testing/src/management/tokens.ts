import { randomUUID } from 'node:crypto'

/** Issues and knows the access tokens of the test API. */
export interface TestTokens {
  readonly issued: number
  issue(scopes: ReadonlySet<string>, lifeSeconds: number): string
  /** The scopes of a token; `undefined` if it is not valid. */
  scopesOf(authorization: string | undefined): ReadonlySet<string> | undefined
  revokeAll(): void
}

/** Creates an empty register of tokens. */
export function createTestTokens(): TestTokens {
  const tokens = new Map<string, { scopes: ReadonlySet<string>; endsAt: number }>()
  let issued = 0
  return {
    get issued() {
      return issued
    },
    issue(scopes, lifeSeconds) {
      issued += 1
      const token = `test_token_${issued}_${randomUUID()}`
      tokens.set(token, { scopes: new Set(scopes), endsAt: Date.now() + lifeSeconds * 1000 })
      return token
    },
    scopesOf(authorization = '') {
      const entry = tokens.get(authorization.replace(/^Bearer /, ''))
      return entry !== undefined && Date.now() < entry.endsAt ? entry.scopes : undefined
    },
    revokeAll() {
      tokens.clear()
    },
  }
}

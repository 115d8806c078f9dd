const MAX_DEPTH = 64

/**
 * Reads the claims of a token without checking its signature.
 *
 * @returns `undefined` for anything but a token
 */
export function readUnverifiedClaims(token: string): { [claim: string]: unknown } | undefined {
  const parts = token.trim().split('.')
  if (parts.length !== 3 || !parts.every((part) => /^[\w-]+$/.test(part))) return undefined
  try {
    const claims: unknown = JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString('utf8'))
    const isObject = typeof claims === 'object' && claims !== null && !Array.isArray(claims)
    return isObject && isShallow(claims, MAX_DEPTH) ? Object.fromEntries(Object.entries(claims)) : undefined
  } catch {
    return undefined
  }
}

function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return depth > 0 && Object.values(value).every((member) => isShallow(member, depth - 1))
}

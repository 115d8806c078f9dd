import { parseIssuer } from '../validate.js'
import { createTokenVerifier, type TokenVerifier } from '../verifier.js'
import { callOptionFunction, type ReceiverSettings } from './options.js'

const MAX_VERIFIERS = 100

/** Creates one verifier per issuer. If the issuer is a function, the last {@link MAX_VERIFIERS} are kept. */
export function createVerifierCache<Context>({
  issuer,
  verifier: settings,
}: Pick<ReceiverSettings<Context, unknown>, 'issuer' | 'verifier'>): (context: Context) => TokenVerifier {
  if (typeof issuer !== 'function') {
    const only = createTokenVerifier(issuer, settings)
    return () => only
  }
  const cache = new Map<string, TokenVerifier>()
  return (context) => {
    const domain = parseIssuer(callOptionFunction('issuer', () => issuer(context)))
    const verifier = cache.get(domain) ?? createTokenVerifier(domain, settings)
    // Deleted and set, so that the first entry is the least recently used one.
    cache.delete(domain)
    cache.set(domain, verifier)
    const [oldest] = cache.size > MAX_VERIFIERS ? cache.keys() : []
    if (oldest !== undefined) cache.delete(oldest)
    return verifier
  }
}

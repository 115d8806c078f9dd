import type { DataSchemas } from '../standard-schema.js'
import { parseIssuer } from '../validate.js'
import { type OpenVerifier, openVerifier } from '../verifier.js'
import { callOptionFunction, type ReceiverSettings } from './options.js'

const MAX_VERIFIERS = 100

/** Creates one verifier per issuer. If the issuer is a function, the last {@link MAX_VERIFIERS} are kept. */
export function createVerifierCache<Context, Schemas extends DataSchemas>({
  issuer,
  verifier: settings,
}: Pick<ReceiverSettings<Context, unknown>, 'issuer' | 'verifier'>): (context: Context) => OpenVerifier<Schemas> {
  if (typeof issuer !== 'function') {
    const only = openVerifier<Schemas>(issuer, settings)
    return () => only
  }
  const cache = new Map<string, OpenVerifier<Schemas>>()
  return (context) => {
    const found = parseIssuer(callOptionFunction('issuer', () => issuer(context)))
    const verifier = cache.get(found) ?? openVerifier<Schemas>(found, settings)
    // Deleted and set, so that the first entry is the least recently used one.
    cache.delete(found)
    cache.set(found, verifier)
    const [oldest] = cache.size > MAX_VERIFIERS ? cache.keys() : []
    if (oldest !== undefined) cache.delete(oldest)
    return verifier
  }
}

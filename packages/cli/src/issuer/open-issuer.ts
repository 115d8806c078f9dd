import { resolve } from 'node:path'
import type { Terminal } from '../terminal.js'
import { DEFAULT_ISSUER_PORT, type DevelopmentIssuer, startDevelopmentIssuer } from './development-issuer.js'
import { type DevelopmentKey, defaultKeyFile, loadDevelopmentKey } from './development-key.js'

/** Where the development issuer's key and key set are. */
export interface IssuerOptions {
  /** Default: with the user's other state. */
  readonly keyFile?: string | undefined
  /** Default: 4417. */
  readonly issuerPort?: number | undefined
}

/**
 * The development issuer with its persistent key.
 *
 * @throws UsageError for a key file that cannot be used, and a port that is taken
 */
export async function openIssuer(
  { keyFile, issuerPort = DEFAULT_ISSUER_PORT }: IssuerOptions,
  { env, cwd }: Pick<Terminal, 'env' | 'cwd'>,
): Promise<{ readonly key: DevelopmentKey; readonly issuer: DevelopmentIssuer }> {
  const key = await loadDevelopmentKey(keyFile === undefined ? defaultKeyFile(env) : resolve(cwd, keyFile))
  return { key, issuer: await startDevelopmentIssuer([key.publicKey], issuerPort) }
}

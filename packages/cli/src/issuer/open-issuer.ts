import { resolve } from 'node:path'
import { wrap } from '../output/wrap.js'
import type { Terminal } from '../terminal.js'
import { DEFAULT_ISSUER_PORT, type DevelopmentIssuer, startDevelopmentIssuer } from './development-issuer.js'
import { type DevelopmentKey, defaultKeyFile, loadDevelopmentKey } from './development-key.js'

/** Key file and port of the development issuer. */
export interface IssuerOptions {
  /** Default: a file in the user's state folder. */
  readonly keyFile?: string | undefined
  /** Default: 4417. */
  readonly issuerPort?: number | undefined
}

/**
 * Starts the development issuer with its persistent key.
 *
 * @throws UsageError if the key file cannot be used or the port is taken
 */
export async function openIssuer(
  { keyFile, issuerPort = DEFAULT_ISSUER_PORT }: IssuerOptions,
  { env, cwd }: Pick<Terminal, 'env' | 'cwd'>,
): Promise<{ readonly key: DevelopmentKey; readonly issuer: DevelopmentIssuer }> {
  const key = await loadDevelopmentKey(keyFile === undefined ? defaultKeyFile(env) : resolve(cwd, keyFile))
  return { key, issuer: await startDevelopmentIssuer([key.publicKey], issuerPort) }
}

/** Tells how an application trusts the development issuer. The setting stays on one line, to be copied. */
export function issuerNote(issuerUrl: string, columns: number): string {
  const note = `Development issuer at ${issuerUrl}. Your application trusts it if started with`
  return `${wrap(note, columns)}\n  KINDE_ISSUER_URL=${issuerUrl}`
}

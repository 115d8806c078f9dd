import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { chmod, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { UsageError } from '../usage-error.js'

/** A public key as it appears in a key set. */
export interface PublicKey {
  readonly kty: 'RSA'
  readonly n: string
  readonly e: string
  readonly alg: 'RS256'
  readonly use: 'sig'
  readonly kid: string
}

/** A key that signs tokens like Kinde's. */
export interface DevelopmentKey {
  readonly publicKey: PublicKey
  /** Signs claims as a compact JWS. Members of `header` replace the default ones. */
  sign(claims: object, header?: { readonly [member: string]: unknown }): string
}

/** Creates an RSA key of 2048 bits. */
export function createDevelopmentKey(): DevelopmentKey {
  return toDevelopmentKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)
}

function toDevelopmentKey(privateKey: KeyObject): DevelopmentKey {
  const { n = '', e = '' } = privateKey.export({ format: 'jwk' })
  const digest = createHash('sha256').update(`${n}.${e}`).digest('hex').slice(0, 32)
  // like Kinde's key ids: sixteen bytes in hexadecimal, separated by colons
  const kid = digest.replace(/..(?!$)/g, '$&:')
  return {
    publicKey: { kty: 'RSA', n, e, alg: 'RS256', use: 'sig', kid },
    sign(claims, header = {}) {
      const input = `${encode({ alg: 'RS256', kid, typ: 'JWT', ...header })}.${encode(claims)}`
      return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`
    },
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** Default path of the development key: the user's state folder. */
export function defaultKeyFile(env: { readonly [name: string]: string | undefined }): string {
  const state = env.XDG_STATE_HOME || env.LOCALAPPDATA || join(env.HOME || homedir(), '.local', 'state')
  return join(state, 'kinde-billing', 'development-key.json')
}

/**
 * Reads the key from a file, and creates the file if it is missing, readable by its owner only. Commands that start at the
 * same moment get the same key.
 *
 * @throws UsageError if the file does not contain a usable key, or cannot be read or created
 */
export async function loadDevelopmentKey(file: string): Promise<DevelopmentKey> {
  try {
    return (await readKey(file)) ?? (await createKeyFile(file))
  } catch (error) {
    if (error instanceof UsageError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(`Cannot use ${file} for the development key (${reason}). Choose another path with --key-file.`)
  }
}

async function readKey(file: string): Promise<DevelopmentKey | undefined> {
  const text = await readFile(file, 'utf8').catch((error: Error & { code?: string }) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return undefined
  const privateKey = parsePrivateKey(text)
  if (privateKey?.asymmetricKeyType === 'rsa' && (privateKey.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048)
    return toDevelopmentKey(privateKey)
  throw new UsageError(
    `${file} is not a private RSA key of at least 2048 bits as a JSON Web Key. Delete it to get a new one, or choose another with --key-file.`,
  )
}

function parsePrivateKey(text: string): KeyObject | undefined {
  try {
    return createPrivateKey({ key: JSON.parse(text), format: 'jwk' })
  } catch {
    return undefined
  }
}

async function createKeyFile(file: string): Promise<DevelopmentKey> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const draft = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}`
  try {
    await writeFile(draft, `${JSON.stringify(privateKey.export({ format: 'jwk' }))}\n`, { flag: 'wx', mode: 0o600 })
    await chmod(draft, 0o600)
    // link() is atomic and never replaces an existing file
    await link(draft, file).catch((error: Error & { code?: string }) => {
      if (error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(draft, { force: true })
  }
  return (await readKey(file)) ?? toDevelopmentKey(privateKey)
}

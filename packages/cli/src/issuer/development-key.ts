import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { chmod, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { UsageError } from '../usage-error.js'

/** A public key, as a key set shows it. */
export interface PublicKey {
  readonly kty: 'RSA'
  readonly n: string
  readonly e: string
  readonly alg: 'RS256'
  readonly use: 'sig'
  readonly kid: string
}

/** A key that signs as Kinde's does. */
export interface DevelopmentKey {
  readonly publicKey: PublicKey
  /** A compact JWS of these claims; `header` adds members, or replaces them. */
  sign(claims: object, header?: { readonly [member: string]: unknown }): string
}

/** A fresh RSA key of 2048 bits. */
export function createDevelopmentKey(): DevelopmentKey {
  return keyOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)
}

function keyOf(privateKey: KeyObject): DevelopmentKey {
  const { n = '', e = '' } = privateKey.export({ format: 'jwk' })
  const digest = createHash('sha256').update(`${n}.${e}`).digest('hex').slice(0, 32)
  // Kinde's key ids are sixteen bytes in hexadecimal, with colons between them
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

/** Where the development key is kept if nothing else is said: with the user's other state. */
export function defaultKeyFile(env: { readonly [name: string]: string | undefined }): string {
  const state = env['XDG_STATE_HOME'] || env['LOCALAPPDATA'] || join(env['HOME'] || homedir(), '.local', 'state')
  return join(state, 'kinde-billing', 'development-key.json')
}

/**
 * Reads the key of a file, and makes the file where there is none, readable by its owner only. Commands that start at the
 * same moment end up with the same key.
 *
 * @throws UsageError for a file that holds no such key, or cannot be read or made
 */
export async function loadDevelopmentKey(file: string): Promise<DevelopmentKey> {
  try {
    return (await readKey(file)) ?? (await createKeyFile(file))
  } catch (error) {
    if (error instanceof UsageError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(
      `The development key cannot be kept in ${file} (${reason}): name another place with --key-file.`,
    )
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
    return keyOf(privateKey)
  throw new UsageError(
    `${file} holds no RSA key of 2048 bits or more as a private JSON Web Key: delete it to have one made, or name another with --key-file.`,
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
    // a link is made whole or not at all, and never over another's file
    await link(draft, file).catch((error: Error & { code?: string }) => {
      if (error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(draft, { force: true })
  }
  return (await readKey(file)) ?? keyOf(privateKey)
}

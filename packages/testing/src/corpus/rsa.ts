import type { RsaPrimes } from './test-keys.js'

// Arithmetic for tokens that no cryptographic library would sign. Never use it where time must not leak.

export function modPow(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  let power = base % modulus
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * power) % modulus
    power = (power * power) % modulus
  }
  return result
}

export function modInverse(value: bigint, modulus: bigint): bigint {
  let [remainder, nextRemainder] = [modulus, value % modulus]
  let [factor, nextFactor] = [0n, 1n]
  while (nextRemainder > 0n) {
    const quotient = remainder / nextRemainder
    ;[remainder, nextRemainder] = [nextRemainder, remainder - quotient * nextRemainder]
    ;[factor, nextFactor] = [nextFactor, factor - quotient * nextFactor]
  }
  return (factor + modulus) % modulus
}

/** The largest integer whose cube is not larger. */
export function cubeRoot(value: bigint): bigint {
  let root = 1n << BigInt(Math.ceil(value.toString(2).length / 3))
  for (;;) {
    const next = (2n * root + value / (root * root)) / 3n
    if (next >= root) return root
    root = next
  }
}

export function bytesOf(value: bigint, length: number = Math.ceil(value.toString(16).length / 2)): Uint8Array {
  const hex = value.toString(16).padStart(2 * length, '0')
  return Uint8Array.from({ length }, (_, index) => Number.parseInt(hex.slice(2 * index, 2 * index + 2), 16))
}

export function bigintOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('') || '0'}`)
}

export function joinBytes(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}

/** `bytes ^ d mod n`: signs whatever it is given, well formed or not. */
export function privateOperation({ e, p, q }: RsaPrimes, bytes: Uint8Array): Uint8Array {
  const [modulus, value] = [p * q, bigintOf(bytes)]
  const root = (prime: bigint) => modPow(value, modInverse(e, prime - 1n), prime)
  const [rootP, rootQ] = [root(p), root(q)]
  const signature = rootQ + q * ((((rootP - rootQ) * modInverse(q, p)) % p) + p)
  return bytesOf(signature % modulus, bytesOf(modulus).length)
}

/** The start of a DigestInfo for SHA-256 (RFC 8017, section 9.2, note 1). */
export const SHA256_DIGEST_INFO: readonly number[] = [
  0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
]

/** EMSA-PKCS1-v1_5: `00 01 FF … FF 00` before the DigestInfo. */
export function pkcs1Block(digestInfo: readonly number[] | Uint8Array, length: number): Uint8Array {
  const filler = new Uint8Array(length - digestInfo.length - 3).fill(0xff)
  return joinBytes([0, 1], filler, [0], digestInfo)
}

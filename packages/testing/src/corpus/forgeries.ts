import type { JsonWebKeySet } from '@kinde-billing/core'
import * as base64url from 'jose/base64url'
import { keySet, type Mint } from './mint.js'
import { bigintOf, bytesOf, cubeRoot, joinBytes, modInverse, modPow, SHA256_DIGEST_INFO } from './rsa.js'
import { genuineBlock, publicJwk, sha256 } from './signers.js'
import { type RsaPrimes, TEST_KEYS } from './test-keys.js'

// Signatures that are made without the private key. They work against verifiers that parse the block laxly.

/** The issuer publishes a weak key beside its good one. */
export function weakKeySet(weak: RsaPrimes): JsonWebKeySet {
  return keySet(publicJwk(TEST_KEYS.issuer), publicJwk(weak))
}

/** Bleichenbacher, 2006: the cube begins `00 01 FF … 00 DigestInfo digest`, and ends in noise. */
export function prefixForgery(mint: Mint): Promise<string> {
  return mint.token({
    key: TEST_KEYS.exponent3,
    sign: async (input) => {
      const start = joinBytes([0, 1], new Uint8Array(8).fill(0xff), [0], SHA256_DIGEST_INFO, await sha256(input))
      const end = new Uint8Array(256 - start.length).fill(0xff)
      return bytesOf(cubeRoot(bigintOf(joinBytes(start, end))), 256)
    },
  })
}

/** The cube begins `00 01 FF … FF` and ends `00 DigestInfo digest`, with noise for the rest of the padding. */
export async function suffixForgery(mint: Mint): Promise<string> {
  const claims = mint.claims()
  const header = base64url.encode(JSON.stringify(mint.header({ kid: TEST_KEYS.exponent3.kid })))
  for (let attempt = 0; ; attempt++) {
    const input = `${header}.${base64url.encode(JSON.stringify({ ...claims, attempt }))}`
    const digest = await sha256(new TextEncoder().encode(input))
    // only an odd number has a cube root modulo a power of two for certain
    if (((digest.at(-1) ?? 0) & 1) === 1) return `${input}.${base64url.encode(cubeRootEndingIn(digest))}`
  }
}

function cubeRootEndingIn(digest: Uint8Array): Uint8Array {
  const suffix = joinBytes([0], SHA256_DIGEST_INFO, digest)
  const modulus = 1n << BigInt(8 * suffix.length)
  // Odd cubes form a group of order 2^(bits - 2), in which the cube root is a power.
  const low = modPow(bigintOf(suffix), modInverse(3n, modulus / 4n), modulus)
  const padded = joinBytes([0, 1], new Uint8Array(32).fill(0xff), [0x80], new Uint8Array(221))
  const root = cubeRoot(bigintOf(padded))
  return bytesOf(root - (root % modulus) + low, 256)
}

/** With the exponent 1, the block is its own signature. */
export function exponentOne(mint: Mint): Promise<string> {
  return mint.token({ key: TEST_KEYS.exponent3, sign: async (input) => genuineBlock(await sha256(input)) })
}

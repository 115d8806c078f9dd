/** Seeded randomness: the same seed gives the same run. */
export interface Random {
  /** A number from 0 up to, but not including, 1. */
  fraction(): number
  /** `length` hexadecimal digits. */
  hex(length: number): string
  /** A shuffled copy. */
  shuffle<Item>(items: readonly Item[]): Item[]
}

/** Mulberry32: small, and good enough to shuffle with. Not for secrets. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    fraction,
    hex: (length) => Array.from({ length }, () => Math.floor(fraction() * 16).toString(16)).join(''),
    shuffle(items) {
      const keyed = items.map((item) => ({ item, key: fraction() }))
      return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item)
    },
  }
}

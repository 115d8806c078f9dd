/** A queue of items by time, in milliseconds since the start. */
export interface Agenda<Item> {
  add(atMs: number, item: Item): void
  /** Removes and returns everything that is due at the earliest time, in the order in which it was added. */
  takeNext(): { readonly atMs: number; readonly items: readonly Item[] } | undefined
}

export function createAgenda<Item>(): Agenda<Item> {
  const itemsAt = new Map<number, Item[]>()
  /** The keys of `itemsAt`, the latest first, so that the next one is cheap to remove. */
  const times: number[] = []
  return {
    add(atMs, item) {
      const items = itemsAt.get(atMs)
      if (items !== undefined) return void items.push(item)
      itemsAt.set(atMs, [item])
      times.splice(findIndex(atMs, times), 0, atMs)
    },
    takeNext() {
      const atMs = times.pop()
      if (atMs === undefined) return undefined
      const items = itemsAt.get(atMs) ?? []
      itemsAt.delete(atMs)
      return { atMs, items }
    },
  }
}

/** Index at which a time is inserted among descending times. */
function findIndex(atMs: number, times: readonly number[]): number {
  let [low, high] = [0, times.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((times[middle] ?? 0) > atMs) low = middle + 1
    else high = middle
  }
  return low
}

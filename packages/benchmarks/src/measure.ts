/** One of several ways to do the same work. */
export interface Contestant {
  readonly name: string
  /** Does the work once. `index` counts up, for contestants that take turns over their inputs. */
  readonly run: (index: number) => unknown
}

/** Time of a contestant: the median over the rounds, and every round for ratios. */
export interface Measured {
  readonly name: string
  readonly medianUs: number
  readonly roundsUs: readonly number[]
}

export interface Course {
  /** How many operations are under way at a time. */
  readonly inFlight: number
  readonly rounds: number
  /** About how long each contestant runs in each round. */
  readonly sliceMs: number
}

/**
 * Measures contestants side by side: every round runs each of them for a slice of time, in an order of its own (a slice
 * depends on the one before it), so that whatever else the machine does falls on all of them alike. No garbage collection
 * is forced in between: it leaves the heap small and the code cold, as no server's are, and the slice would measure how both
 * recover. The time of one operation is the slice's wall-clock time divided by its operations.
 */
export async function measure(contestants: readonly Contestant[], course: Course): Promise<Measured[]> {
  const entrants: { contestant: Contestant; operations: number; roundsUs: number[] }[] = []
  for (const contestant of contestants.map(countingUp))
    entrants.push({ contestant, operations: await calibrate(contestant, course), roundsUs: [] })
  for (let round = 0; round < course.rounds; round++) {
    for (const entrant of shuffled(entrants)) {
      const elapsedMs = await runSlice(entrant.contestant, entrant.operations, course.inFlight)
      entrant.roundsUs.push((elapsedMs * 1000) / entrant.operations)
    }
  }
  return entrants.map(({ contestant, roundsUs }) => ({
    name: contestant.name,
    medianUs: median(roundsUs),
    roundsUs,
  }))
}

/** The median, over the rounds, of how many times as long as the other one took: a round's noise falls on both. */
export function timesAsLong(one: Measured, other: Measured): number {
  return median(ratios(one, other))
}

/** Between which ratios the middle half of the rounds lies. */
export function middleHalf(one: Measured, other: Measured): [low: number, high: number] {
  const sorted = ratios(one, other).sort((a, b) => a - b)
  return [quartile(sorted, 0.25), quartile(sorted, 0.75)]
}

const ratios = (one: Measured, other: Measured): number[] =>
  one.roundsUs.map((us, round) => us / (other.roundsUs[round] ?? Number.NaN))

/** The median, over the rounds, of how much longer one took than the other, in microseconds. */
export function addedUs(one: Measured, other: Measured): number {
  return median(one.roundsUs.map((us, round) => us - (other.roundsUs[round] ?? Number.NaN)))
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const [low = Number.NaN, high = low] = sorted.slice(sorted.length % 2 === 1 ? middle : middle - 1, middle + 1)
  return (low + high) / 2
}

/** Spread of the rounds in per cent of the median: half the distance between the quartiles. */
export function spreadPercent({ medianUs, roundsUs }: Measured): number {
  const sorted = roundsUs.toSorted((a, b) => a - b)
  return ((quartile(sorted, 0.75) - quartile(sorted, 0.25)) / 2 / medianUs) * 100
}

const quartile = (sorted: readonly number[], part: number): number =>
  sorted[Math.round((sorted.length - 1) * part)] ?? Number.NaN

function shuffled<Item>(items: readonly Item[]): Item[] {
  const drawn = items.map((item) => ({ item, place: Math.random() }))
  return drawn.sort((one, other) => one.place - other.place).map(({ item }) => item)
}

/** Every operation has an index of its own, over all slices: an input comes again only when all the others have had their turn. */
function countingUp({ name, run }: Contestant): Contestant {
  let index = 0
  return { name, run: () => run(index++) }
}

/** How many operations fill a slice, found out while the contestant warms up. */
async function calibrate(contestant: Contestant, { inFlight, sliceMs }: Course): Promise<number> {
  let operations = inFlight
  for (;;) {
    const elapsedMs = await runSlice(contestant, operations, inFlight)
    if (elapsedMs >= sliceMs) return Math.max(inFlight, Math.round((operations * sliceMs) / elapsedMs))
    operations = Math.ceil(operations * Math.min(8, Math.max(2, sliceMs / Math.max(elapsedMs, 0.1))))
  }
}

async function runSlice({ run }: Contestant, operations: number, inFlight: number): Promise<number> {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < operations) await run(next++)
  }
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: inFlight }, lane))
  return performance.now() - startedAt
}

/** Returns the middle of some numbers. One slow answer on a busy machine does not move it. */
export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0
}

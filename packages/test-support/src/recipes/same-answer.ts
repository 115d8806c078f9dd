import type { PlatformAnswer } from '@kinde-billing/testing/conformance'

/** One answer of a platform, for the requests of several tests. */
export function sameAnswer(because: string, gets: unknown, titles: readonly string[]): Record<string, PlatformAnswer> {
  return Object.fromEntries(titles.map((title) => [title, { because, gets }]))
}

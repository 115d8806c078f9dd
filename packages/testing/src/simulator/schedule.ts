const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/**
 * Times of the attempts of a delivery, in milliseconds after the first one: at once, then after 5 s, 30 s, 2 min, 10 min, 1 h
 * and 4 h, then every 12 h until 36 h. Kinde's documentation calls these times rough.
 */
export const KINDE_ATTEMPTS_MS: readonly number[] = [
  0,
  5 * SECOND,
  30 * SECOND,
  2 * MINUTE,
  10 * MINUTE,
  HOUR,
  4 * HOUR,
  12 * HOUR,
  24 * HOUR,
  36 * HOUR,
]

/** Kinde disables an endpoint after it has failed consistently for this long, in milliseconds. */
export const KINDE_DISABLES_AFTER_MS: number = 72 * HOUR

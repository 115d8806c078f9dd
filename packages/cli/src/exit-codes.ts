/** Exit codes of every command. */
export const EXIT = {
  /** Everything is as expected. */
  ok: 0,
  /** Something was refused, not delivered, or found wrong. */
  finding: 1,
  /** The command was called incorrectly: an unknown flag, a missing file, a bad issuer. Nothing was done. */
  usage: 2,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** What the command's exit code says. */
export const EXIT = {
  /** All is as it should be. */
  ok: 0,
  /** Something was refused, not delivered, or found wrong. */
  finding: 1,
  /** The command was called wrongly: an unknown flag, a missing file, a bad issuer. Nothing was done. */
  usage: 2,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

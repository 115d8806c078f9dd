/** A mistake in how the command was called: exit code 2, and a message that names the mend. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

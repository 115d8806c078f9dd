import pc from 'picocolors'

export type Colors = ReturnType<typeof pc.createColors>

/** Where a command reads and writes: the process, or a test. */
export interface Terminal {
  /** Results: what a program or a pipe reads. */
  out(text: string): void
  /** Progress, notes and mistakes. */
  err(text: string): void
  readonly stdin: AsyncIterable<Uint8Array | string>
  readonly env: { readonly [name: string]: string | undefined }
  /** Where relative paths begin, and where captures go. */
  readonly cwd: string
  /** Whether a person watches `err`, so that a bar may be drawn over itself. */
  readonly isInteractive: boolean
  /** The width of a line. */
  readonly columns: number
  readonly colors: Colors
  /** Aborted by Ctrl-C: a command then stops and says what it has. */
  readonly signal: AbortSignal
}

/** The first Ctrl-C; a second one ends the process. */
function interruption(): AbortSignal {
  const abort = new AbortController()
  process.once('SIGINT', () => abort.abort())
  process.once('SIGTERM', () => abort.abort())
  return abort.signal
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  let signal: AbortSignal | undefined
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    stdin: process.stdin,
    env: process.env,
    cwd: process.cwd(),
    isInteractive: process.stderr.isTTY === true,
    columns: process.stdout.columns ?? 100,
    colors: pc.createColors(process.stdout.isTTY === true && pc.isColorSupported),
    get signal() {
      // a command that does not ask for it is ended by Ctrl-C as usual
      signal ??= interruption()
      return signal
    },
  }
}

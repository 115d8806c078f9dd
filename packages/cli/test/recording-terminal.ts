import pc from 'picocolors'
import { run } from '../src/program.js'
import type { Terminal } from '../src/terminal.js'
import { temporaryFolder } from './temporary-folder.js'

/** What a command wrote, and how it ended. */
export interface Recording {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** One for all tests of a file: a key takes its time to make. */
const state = temporaryFolder()

/** A terminal that keeps what is written to it, with an empty working directory. */
export async function recordingTerminal(changes: Partial<Terminal> = {}) {
  const home = await temporaryFolder()
  const written = { out: '', err: '' }
  const terminal: Terminal = {
    out: (text) => {
      written.out += text
    },
    err: (text) => {
      written.err += text
    },
    stdin: stdinOf(''),
    env: { XDG_STATE_HOME: await state },
    cwd: home,
    isInteractive: false,
    columns: 120,
    colors: pc.createColors(false),
    keyboard: undefined,
    signal: new AbortController().signal,
    ...changes,
  }
  return { terminal, written, home }
}

export async function* stdinOf(text: string | Uint8Array): AsyncIterable<string | Uint8Array> {
  yield text
}

/** Runs `kinde-billing` with these words, in this process. */
export async function kindeBilling(args: readonly string[], changes: Partial<Terminal> = {}): Promise<Recording> {
  const { terminal, written } = await recordingTerminal(changes)
  const code = await run(args, terminal, '1.2.3')
  return { code, ...written }
}

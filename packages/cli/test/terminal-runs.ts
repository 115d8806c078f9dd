import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import displayWidth from 'string-width'

/** A command, and the exit code that its help page names. */
export interface Row {
  readonly args: readonly string[]
  readonly code: number
}

/** The output of a command, and its exit code. */
export interface Result {
  readonly command: string
  readonly expected: number
  readonly code: number
  readonly out: string
  readonly err: string
}

/** How to run commands. */
export interface RunOptions {
  /** Working directory and state folder. */
  readonly home: string
  /** Width of the terminal. `undefined`: no terminal. */
  readonly columns?: number | undefined
  /** Environment of the commands. */
  readonly env: { readonly [name: string]: string | undefined }
}

/** Colors, not the line that a progress bar erases. */
export const COLOR = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*m`)
const DRIVER = fileURLToPath(new URL('terminal-driver.ts', import.meta.url))
const NODE_OPTIONS = `--import ${import.meta.resolve('tsx')} --conditions=@kinde-billing/source`

/** Runs commands in one process: without a terminal, or on one of that width, where both outputs come as one. */
export async function runAll(rows: readonly Row[], { home, columns, env: settings }: RunOptions): Promise<Result[]> {
  const { FORCE_COLOR, NO_COLOR, CI, GITHUB_ACTIONS, DATABASE_URL, ...inherited } = process.env
  const COMMANDS = JSON.stringify(rows.map(({ args }) => args))
  const env = { ...inherited, TERM: 'xterm-256color', XDG_STATE_HOME: home, COMMANDS, NODE_OPTIONS, ...settings }
  const onTerminal = `stty cols ${columns} rows 40; exec '${process.execPath}' '${DRIVER}'`
  const [command, args] =
    columns === undefined ? [process.execPath, [DRIVER]] : ['script', ['-qec', onTerminal, '/dev/null']]
  const child = spawn(command, args, { cwd: home, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  await new Promise((resolve, reject) => child.once('close', resolve).once('error', reject))
  const errs = err.split('\n@@\n')
  const outs = out.replaceAll('\r\n', '\n').split(/\n@@ (\d)\n(?:\n@@\n)?/)
  return rows.map(({ args, code }, index) => ({
    command: args.join(' '),
    expected: code,
    code: Number(outs[2 * index + 1]),
    out: outs[2 * index] ?? '',
    err: errs[index] ?? '',
  }))
}

/** Exit codes with their commands. */
export const codesOf = (results: readonly Result[], kind: 'expected' | 'code'): string[] =>
  results.map((result) => `${result[kind]} ${result.command}`)

/** Lines that a terminal would break in the middle of a word. A word that is longer than the terminal has to be broken. */
export function longLines(text: string, columns: number): string[] {
  return text
    .split(/\n|\r/)
    .map((line) => stripVTControlCharacters(line))
    .filter(
      (line) =>
        displayWidth(line) > columns &&
        line
          .trim()
          .split(/\s+/)
          .every((word) => displayWidth(word) < columns - 12),
    )
}

/** Checks for one JSON document. */
export function isJson(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object'
  } catch {
    return false
  }
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A script in a separate process, which a test can kill or freeze. */
export interface ScriptProcess {
  readonly pid: number
  /** Resolves with the rest of the first line that starts with the word, whether it was written before or after the call. */
  said(word: string): Promise<string>
  send(signal: NodeJS.Signals): void
  /** Kills the process with SIGKILL, and waits until it has exited. */
  kill(): Promise<void>
}

/** Runs a TypeScript file on the packages' sources, with one argument as JSON. */
export function startScript(file: URL, argument: unknown): ScriptProcess {
  const args = ['--conditions=@kinde-billing/source', '--import', 'tsx', fileURLToPath(file), JSON.stringify(argument)]
  const child = spawn(process.execPath, args, {
    cwd: fileURLToPath(new URL('../../..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const killOnExit = () => child.kill('SIGKILL')
  process.on('exit', killOnExit)
  const said = readLines(child)
  return {
    pid: child.pid ?? 0,
    said,
    send: (signal) => void child.kill(signal),
    async kill() {
      process.off('exit', killOnExit)
      child.kill('SIGKILL')
      await exited
    },
  }
}

function readLines(child: ChildProcess): (word: string) => Promise<string> {
  const lines: string[] = []
  const waiting = new Set<() => void>()
  const checkAll = (): void => {
    for (const check of waiting) check()
  }
  let hasExited = false
  child.on('close', () => {
    hasExited = true
    checkAll()
  })
  if (child.stdout !== null)
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line)
      checkAll()
    })

  return (word) =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        const line = lines.find((candidate) => candidate === word || candidate.startsWith(`${word} `))
        if (line === undefined && !hasExited) return
        waiting.delete(check)
        if (line === undefined) reject(new Error(`The process ended without saying "${word}": ${lines.join(' | ')}`))
        else resolve(line.slice(word.length + 1))
      }
      waiting.add(check)
      check()
    })
}

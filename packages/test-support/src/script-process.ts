import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A script that a test runs in a process of its own, to kill it or to freeze it. */
export interface ScriptProcess {
  readonly pid: number
  /** Resolves with what follows the word on the first line that starts with it, written before or after the call. */
  said(word: string): Promise<string>
  send(signal: NodeJS.Signals): void
  /** Kills it with SIGKILL, and waits until it is gone. */
  kill(): Promise<void>
}

/** Runs a TypeScript file on the packages' sources, with one argument of JSON. */
export function startScript(file: URL, argument: unknown): ScriptProcess {
  const args = ['--conditions=@kinde-billing/source', '--import', 'tsx', fileURLToPath(file), JSON.stringify(argument)]
  const child = spawn(process.execPath, args, {
    cwd: fileURLToPath(new URL('../../..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const killWithUs = () => child.kill('SIGKILL')
  process.on('exit', killWithUs)
  const said = lineReader(child)
  return {
    pid: child.pid ?? 0,
    said,
    send: (signal) => void child.kill(signal),
    async kill() {
      process.off('exit', killWithUs)
      child.kill('SIGKILL')
      await exited
    },
  }
}

function lineReader(child: ChildProcess): (word: string) => Promise<string> {
  const lines: string[] = []
  const waiting = new Set<() => void>()
  const wake = (): void => {
    for (const look of waiting) look()
  }
  let isGone = false
  child.on('close', () => {
    isGone = true
    wake()
  })
  if (child.stdout !== null)
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line)
      wake()
    })

  return (word) =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const line = lines.find((candidate) => candidate === word || candidate.startsWith(`${word} `))
        if (line === undefined && !isGone) return
        waiting.delete(look)
        if (line === undefined) reject(new Error(`The process ended without saying "${word}": ${lines.join(' | ')}`))
        else resolve(line.slice(word.length + 1))
      }
      waiting.add(look)
      look()
    })
}

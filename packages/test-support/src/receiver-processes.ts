import { deliver } from '@kinde-billing/testing'
import type { ReceiverSettings } from './receiver-server.js'
import { type ScriptProcess, startScript } from './script-process.js'
import { freePort } from './server-process.js'

/** A receiver in a separate process. It keeps its address when it is killed and started again. */
export interface ReceiverProcess {
  /** Posts a token, and resolves with the status; `undefined` if there was no response. */
  deliver(token: string): Promise<number | undefined>
  /** Kills it with SIGKILL and starts it again, as another instance. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export type ReceiverPair = readonly [ReceiverProcess, ReceiverProcess]

/** Starts a receiver. `restart` adds each instance that it kills to `killed`. */
export async function startReceiver(
  script: URL,
  settings: Omit<ReceiverSettings, 'port' | 'instance'>,
  killed: Set<string>,
): Promise<ReceiverProcess> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}/webhooks/kinde`
  let starts = 0
  let instance = ''
  const start = async (): Promise<ScriptProcess> => {
    starts += 1
    instance = `${port}-${starts}`
    const started = startScript(script, { ...settings, port, instance } satisfies ReceiverSettings)
    await started.said('listening')
    return started
  }
  let running = await start()
  return {
    deliver: (token) =>
      deliver(url, token).then(
        ({ status }) => status,
        () => undefined,
      ),
    async restart() {
      killed.add(instance)
      await running.kill()
      running = await start()
    },
    stop: () => running.kill(),
  }
}

/**
 * Delivers every token three times, in random order, until each delivery was answered 200. Meanwhile the faults happen one
 * after another, spread over the whole run, each at a random moment of its part.
 */
export async function deliverThroughFaults(
  tokens: readonly string[],
  receivers: ReceiverPair,
  faults: readonly (() => Promise<void>)[],
): Promise<void> {
  const pending = shuffled([...tokens, ...tokens, ...tokens])
  const total = pending.length
  let delivered = 0

  const sender = async (): Promise<void> => {
    for (let token = pending.pop(); token !== undefined; token = pending.pop()) {
      const status = await pickOne(receivers).deliver(token)
      if (status === 200) delivered += 1
      else {
        pending.splice(Math.floor(Math.random() * pending.length), 0, token)
        await pause(status === undefined ? 20 : 5)
      }
    }
  }
  const breakThings = async (): Promise<void> => {
    for (const [index, fault] of faults.entries()) {
      const at = ((index + Math.random()) / faults.length) * total
      while (delivered < at && delivered < total) await pause(1)
      await fault()
    }
  }
  await Promise.all([breakThings(), ...Array.from({ length: 16 }, sender)])
}

/** Kills one of the receivers, and starts it again. */
export const killOne = (receivers: ReceiverPair): Promise<void> => pickOne(receivers).restart()

const pickOne = (receivers: ReceiverPair): ReceiverProcess => receivers[Math.random() < 0.5 ? 0 : 1]

function shuffled<Item>(items: Item[]): Item[] {
  return items
    .map((item) => ({ item, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item)
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

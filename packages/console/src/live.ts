import { readChangeMark } from '@kinde-billing/postgres'
import type { Settings } from './options.js'

const LOOK_MS = 700
/** Time alone changes pages, too: an attempt that came a minute ago is in progress no more. */
const LOOK_ANYWAY_MS = 10_000
/** The browser connects again; so a stream never outlives a deployment behind a proxy for long. */
const LIFETIME_MS = 10 * 60_000

/** Watches the database while somebody looks. */
export interface Watcher {
  /** Calls back after every commit, and now and then. Returns the function that ends it. */
  subscribe(listener: () => void): () => void
}

export function createWatcher({ pool, onError }: Pick<Settings, 'pool' | 'onError'>): Watcher {
  const listeners = new Set<() => void>()
  let isRunning = false

  const run = async (): Promise<void> => {
    let known = ''
    let calledAt = 0
    let isBroken = false
    while (listeners.size > 0) {
      try {
        const mark = await readChangeMark(pool)
        if (mark !== known || Date.now() - calledAt > LOOK_ANYWAY_MS) {
          known = mark
          calledAt = Date.now()
          for (const listener of listeners) listener()
        }
        isBroken = false
      } catch (error) {
        if (!isBroken) onError(error)
        isBroken = true
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS).unref?.())
    }
    isRunning = false
  }
  return {
    subscribe(listener) {
      listeners.add(listener)
      if (!isRunning) {
        isRunning = true
        void run()
      }
      return () => listeners.delete(listener)
    },
  }
}

/**
 * Streams the version of a page: at once, and whenever it has changed.
 *
 * @param readVersion - The version of the page now.
 * @param isAllowed - Asks again who may look; the stream ends when the answer is no.
 */
export function streamVersions(
  watcher: Watcher,
  readVersion: () => Promise<string>,
  isAllowed: () => Promise<boolean>,
): Response {
  let stop = (): void => {}
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const encoder = new TextEncoder()
      const send = (text: string): void => controller.enqueue(encoder.encode(text))
      const begun = Date.now()
      let sent = ''
      let isBusy = false
      let isMissed = false
      const end = (): void => {
        stop()
        controller.close()
      }
      const look = async (): Promise<void> => {
        // before anything new is told, and at least every ten seconds
        if (Date.now() - begun > LIFETIME_MS || !(await isAllowed())) return end()
        const version = await readVersion()
        // A comment keeps proxies from ending a silent stream.
        send(version === sent ? ': same\n\n' : `event: version\ndata: ${version}\n\n`)
        sent = version
      }
      const onChange = (): void => {
        isMissed = isBusy
        if (isBusy) return
        isBusy = true
        look()
          // The database is away: the next commit, or the next look, tries again.
          .catch(() => {})
          .finally(() => {
            isBusy = false
            if (isMissed) onChange()
          })
      }
      stop = watcher.subscribe(onChange)
      send('retry: 2000\n\n')
      onChange()
    },
    cancel: () => stop(),
  })
  return new Response(body, {
    headers: {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    },
  })
}

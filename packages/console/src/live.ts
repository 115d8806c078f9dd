import { withTimeout } from '@kinde-billing/core/internal'
import { readChangeMark } from '@kinde-billing/postgres'
import type { Settings } from './options.js'

const LOOK_MS = 700
const READ_TIMEOUT_MS = 15_000
/** Time alone changes pages, too: an attempt that came a minute ago is in progress no more. */
const LOOK_ANYWAY_MS = 10_000
/** The browser connects again; so a stream never outlives a deployment behind a proxy for long. */
const LIFETIME_MS = 10 * 60_000

/** Watches the database while a page is open. */
export interface Watcher {
  /** Calls back after every commit, if the database fails or works again, and now and then. Returns the function that ends it. */
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
      const mark = await withReadTimeout(readChangeMark(pool)).catch((error: unknown) => {
        if (!isBroken) onError(error)
      })
      const wasBroken: boolean = isBroken
      isBroken = mark === undefined
      if (isBroken !== wasBroken || (mark ?? known) !== known || Date.now() - calledAt > LOOK_ANYWAY_MS) {
        known = mark ?? known
        calledAt = Date.now()
        for (const listener of listeners) listener()
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

/** A database that does not answer is as good as away. */
export const withReadTimeout = <Value>(reading: Promise<Value>): Promise<Value> =>
  withTimeout(reading, READ_TIMEOUT_MS, () => {
    throw new Error(`The database has not answered within ${READ_TIMEOUT_MS / 1000} seconds`)
  })

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
        const version = await withReadTimeout(readVersion())
        // A comment keeps proxies from ending a silent stream.
        send(version === sent ? ': same\n\n' : `event: version\ndata: ${version}\n\n`)
        sent = version
      }
      const onChange = (): void => {
        isMissed = isBusy
        if (isBusy) return
        isBusy = true
        look()
          // The database is away: the next look tries again.
          .catch(() => {
            sent = ''
            send('event: unavailable\ndata: database\n\n')
          })
          // the page is closed
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

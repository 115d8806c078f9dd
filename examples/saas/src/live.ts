import type { ServerResponse } from 'node:http'

/** Server-sent events: every window gets its view at once, and again whenever it has changed. */
export interface Live {
  subscribe(response: ServerResponse, chosen: string | undefined): void
  /** Something has changed: windows are sent what differs from what they have. */
  refresh(): void
  close(): void
}

interface Window {
  readonly response: ServerResponse
  readonly chosen: string | undefined
  /** What it was sent last. */
  shown: string
}

/** Proxies cut connections on which nothing happens. */
const HEARTBEAT_MS = 25_000

export function createLive(readView: (chosen: string | undefined) => Promise<unknown>): Live {
  const windows = new Set<Window>()
  let isReading = false
  let isStale = false

  async function refresh(): Promise<void> {
    isStale = true
    if (isReading) return
    isReading = true
    try {
      while (isStale) {
        isStale = false
        await sendAll()
      }
    } catch (error) {
      console.error('The page cannot be refreshed:', error)
    } finally {
      isReading = false
    }
  }

  async function sendAll(): Promise<void> {
    const views = new Map<string | undefined, Promise<unknown>>()
    for (const window of windows) {
      const view = views.get(window.chosen) ?? readView(window.chosen)
      views.set(window.chosen, view)
      const text = JSON.stringify(await view)
      // a window that reads slowly is sent the latest once it has read what it has
      if (text === window.shown || window.response.writableNeedDrain) continue
      window.shown = text
      window.response.write(`data: ${text}\n\n`)
    }
  }

  const heartbeat = setInterval(() => {
    for (const { response } of windows) response.write(':\n\n')
  }, HEARTBEAT_MS)

  return {
    subscribe(response, chosen) {
      const window = { response, chosen, shown: '' }
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      response.write('retry: 1000\n\n')
      response.on('close', () => windows.delete(window))
      response.on('drain', refresh)
      windows.add(window)
      void refresh()
    },
    refresh: () => void refresh(),
    close() {
      clearInterval(heartbeat)
      for (const { response } of windows) response.end()
    },
  }
}

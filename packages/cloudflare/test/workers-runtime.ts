import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DeliveryInbox } from '@kinde-billing/core/receiver'
import { build } from 'esbuild'
import { Miniflare, type Request, Response } from 'miniflare'
import { createDurableObjectInbox } from '../src/index.js'

/** workerd, with the test's Worker and the storage of its objects. */
export interface WorkersRuntime {
  /** The address of the Worker. */
  readonly url: string
  /** Returns an inbox outside the runtime, on the objects inside. */
  inbox(): DeliveryInbox
  /** Returns what the object of a delivery has stored, and when its alarm is due. */
  stored(key: string): Promise<{ keys: string[]; alarm: number | null }>
  /** Calls the alarm of the object of a delivery, as the runtime does when it is due. */
  ring(key: string): Promise<void>
  /** Kills workerd with SIGKILL, and starts it on the same storage. */
  restart(): Promise<void>
  /** Stops workerd and deletes the storage. */
  close(): Promise<void>
}

/** The settings of the Worker. */
export interface WorkersOptions {
  /** The issuer. */
  issuer?: string
  /** Called with the id of each event that the Worker's handler runs for. The handler waits for it. */
  onHandled?(eventId: string): Promise<void> | void
}

export async function startWorkers({ issuer = '', onHandled }: WorkersOptions = {}): Promise<WorkersRuntime> {
  const storage = await mkdtemp(join(tmpdir(), 'kinde-billing-objects-'))
  const script = await bundleWorker()
  const start = () =>
    new Miniflare({
      modules: true,
      script,
      compatibilityDate: '2026-04-01',
      bindings: { KINDE_ISSUER_URL: issuer },
      durableObjects: { KINDE_BILLING_INBOX: { className: 'KindeBillingInbox', useSQLite: true } },
      durableObjectsPersist: storage,
      serviceBindings: {
        async HANDLED(request: Request) {
          await onHandled?.(await request.text())
          return new Response('counted')
        },
      },
    })
  let workers = start()
  let url = (await workers.ready).origin
  const objectUrl = (key: string): string => `${url}/object?object=${encodeURIComponent(key)}`
  return {
    get url() {
      return url
    },
    inbox: () =>
      createDurableObjectInbox({
        namespace: {
          getByName: (name) => ({ fetch: (_, init) => fetch(objectUrl(name), init) }),
        },
      }),
    stored: async (key) => (await fetch(objectUrl(key))).json(),
    async ring(key) {
      await fetch(objectUrl(key), { method: 'PUT' })
    },
    async restart() {
      // Miniflare ends workerd with SIGKILL.
      await workers.dispose()
      workers = start()
      url = (await workers.ready).origin
    },
    async close() {
      await workers.dispose()
      await rm(storage, { recursive: true })
    },
  }
}

async function bundleWorker(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('worker.ts', import.meta.url))],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['@kinde-billing/source', 'workerd', 'worker'],
    write: false,
  })
  return outputFiles.map(({ text }) => text).join('')
}

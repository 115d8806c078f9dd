import type { InboxNamespace, InboxObjectStorage } from '@kinde-billing/cloudflare'
import { KindeBillingInbox } from '@kinde-billing/cloudflare'

/** Creates the binding of {@link KindeBillingInbox} in this process: each object handles one request at a time, as workerd has it. */
export function createNamespace(): InboxNamespace & { names(): string[] } {
  const objects = new Map<string, { object: KindeBillingInbox; last: Promise<unknown> }>()
  return {
    names: () => [...objects.keys()],
    getByName(name) {
      const entry = objects.get(name) ?? {
        object: new KindeBillingInbox({ storage: createStorage() }),
        last: Promise.resolve(),
      }
      objects.set(name, entry)
      return {
        fetch: async (url, init) => {
          const response = entry.last.then(() => entry.object.fetch(new Request(url, init)))
          entry.last = response.catch(() => {})
          return response
        },
      }
    },
  }
}

function createStorage(): InboxObjectStorage {
  const values = new Map<string, unknown>()
  return {
    get: async <Value>(key: string) => structuredClone(values.get(key)) as Value | undefined,
    put: async (key, value) => void values.set(key, structuredClone(value)),
    deleteAll: async () => values.clear(),
    setAlarm: async () => {},
    deleteAlarm: async () => {},
  }
}

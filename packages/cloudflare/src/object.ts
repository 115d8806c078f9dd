/** The stored part of an object: its one delivery. */
interface Entry {
  /** Random, of the attempt that claimed the delivery. Only that attempt can mark or release it. */
  readonly token: string
  /** When the claim ends, in epoch milliseconds by the object's clock. Absent once the delivery is done. */
  readonly leaseEndsAt?: number
  /** When the object may forget everything. */
  readonly expiresAt: number
}

/** One request to the object. */
export type Step =
  | { readonly do: 'claim'; readonly token: string; readonly leaseMs: number; readonly retentionMs: number }
  | { readonly do: 'mark'; readonly token: string; readonly retentionMs: number }
  | { readonly do: 'release'; readonly token: string }

/** Result of a step. `lost`: another attempt took the delivery over, or the object forgot it. */
export type StepResult = 'claimed' | 'done' | 'in_progress' | 'marked' | 'released' | 'lost'

/** The part of a Durable Object's storage that {@link KindeBillingInbox} uses. */
export interface InboxObjectStorage {
  /** Reads a value. */
  get<Value>(key: string): Promise<Value | undefined>
  /** Writes a value. */
  put(key: string, value: unknown): Promise<void>
  /** Deletes everything. */
  deleteAll(): Promise<void>
  /** Calls `alarm()` at this time, in epoch milliseconds. */
  setAlarm(at: number): Promise<void>
  /** Cancels the alarm. */
  deleteAlarm(): Promise<void>
}

/** The part of a Durable Object's state that {@link KindeBillingInbox} uses. */
export interface InboxObjectState {
  /** The object's storage. */
  readonly storage: InboxObjectStorage
}

const ENTRY = 'delivery'

/**
 * The Durable Object class behind {@link createDurableObjectInbox}: one object for each delivery. Export it from your
 * Worker's main module and bind it in the Wrangler configuration. Your own code does not call it.
 *
 * An object deletes all it has stored when its mark expires, by an alarm, and when a failed attempt releases its claim.
 *
 * @example
 * ```ts
 * export { KindeBillingInbox } from '@kinde-billing/cloudflare'
 * ```
 */
export class KindeBillingInbox {
  /** Cloudflare's types recognize the class of a Durable Object by this name. It has no value. */
  declare readonly __DURABLE_OBJECT_BRAND: never

  readonly #storage: InboxObjectStorage

  /** @param state - The state that the runtime passes. */
  constructor(state: InboxObjectState) {
    this.#storage = state.storage
  }

  /**
   * Runs one step of the inbox. Only Workers that have the binding can reach it.
   *
   * @param request - The step, as JSON.
   * @returns The result, as JSON.
   */
  async fetch(request: Request): Promise<Response> {
    const step: Step = await request.json()
    return Response.json(await this.#run(step))
  }

  /** Deletes everything once the mark, or a claim that was never released, has expired. */
  async alarm(): Promise<void> {
    const entry = await this.#storage.get<Entry>(ENTRY)
    // The mark came later than the claim that set the alarm.
    if (entry !== undefined && entry.expiresAt > Date.now()) await this.#storage.setAlarm(entry.expiresAt)
    else await this.#forget()
  }

  // While a step waits for the storage, the runtime delivers no other request to this object: each step is atomic. The
  // response leaves the object only after its writes are on disk.
  async #run(step: Step): Promise<StepResult> {
    const entry = await this.#storage.get<Entry>(ENTRY)
    const now = Date.now()
    if (step.do === 'claim') {
      const other = entry !== undefined && entry.token !== step.token && entry.expiresAt > now ? entry : undefined
      if (other !== undefined && other.leaseEndsAt === undefined) return 'done'
      if (other?.leaseEndsAt !== undefined && other.leaseEndsAt > now) return 'in_progress'
      // A claim is kept beyond its end: an attempt that ends late can still be marked, unless another took over.
      const expiresAt = now + Math.max(step.leaseMs, step.retentionMs)
      await this.#storage.put(ENTRY, { token: step.token, leaseEndsAt: now + step.leaseMs, expiresAt })
      await this.#storage.setAlarm(expiresAt)
      return 'claimed'
    }
    if (entry?.token !== step.token) return 'lost'
    if (step.do === 'mark') {
      await this.#storage.put(ENTRY, { token: step.token, expiresAt: now + step.retentionMs })
      return 'marked'
    }
    // A release that arrives after the mark, out of order, changes nothing.
    if (entry.leaseEndsAt !== undefined) await this.#forget()
    return 'released'
  }

  async #forget(): Promise<void> {
    // Before the compatibility date 2026-02-24, deleteAll() keeps the alarm.
    await this.#storage.deleteAlarm()
    await this.#storage.deleteAll()
  }
}

import {
  assertFunction,
  assertKnownOptions,
  assertObject,
  DiscardEvent,
  invalidConfiguration,
} from '@kinde-billing/core/internal'
import type { HandlerDelivery } from '@kinde-billing/core/receiver'
import { type AccessPolicy, resolvePolicy } from './access-table.js'
import { applyBillingEvent } from './apply.js'
import { customerKey } from './customer-key.js'
import type { BillingChange } from './diff.js'
import type { StateEvent } from './facts.js'
import type { BillingState } from './state.js'
import { assertStore, type BillingStateStore, type StoredState } from './store.js'
import { assertMaxAttempts, type BillingChangeContext, updateBillingState } from './update.js'

/** A billing event as the receiver passes it to handlers, with any type of `data`. */
export type HandledEvent = StateEvent & {
  /** The whole verified payload. */
  readonly claims: Record<string, unknown>
}

/** The circumstances of a change that a billing event caused. */
export interface EventChangeContext<Context = unknown, Tx = unknown> extends BillingChangeContext<Tx> {
  /** An event arrived. */
  readonly cause: 'event'
  /** The event that made the difference. */
  readonly event: HandledEvent
  /** Its `tx` is the inbox's, such as the client of the transaction in which the state was saved. */
  readonly delivery: HandlerDelivery<Context, Tx>
}

/** The options of {@link createBillingStateHandler}. Give either `store`, or `load` and `save`. */
export interface BillingStateHandlerOptions<Context, Tx, Version> {
  /** The store, such as `createPostgresStateStore()`. */
  // `tx` is the inbox's own type, and the store takes any that has what it needs: not inferred from it. NoInfer needs
  // TypeScript 5.4, so this is what stands for it in older ones.
  readonly store?:
    | Pick<BillingStateStore<[Tx][Tx extends unknown ? 0 : never], Version>, 'load' | 'save' | 'policy'>
    | undefined
  /** Loads a customer's state; `undefined` if there is none yet. */
  readonly load?:
    | ((
        key: string,
        delivery: HandlerDelivery<Context, Tx>,
      ) => Promise<StoredState<Version> | undefined> | StoredState<Version> | undefined)
    | undefined
  /**
   * Stores the state if the stored version is still the given one (`undefined`: if there is still none). Returns `false` if
   * another writer was faster and nothing was stored; the handler then loads again.
   */
  readonly save?:
    | ((
        key: string,
        state: BillingState,
        version: Version | undefined,
        delivery: HandlerDelivery<Context, Tx>,
      ) => Promise<boolean> | boolean)
    | undefined
  /**
   * Called with what an event changed, after the state was saved; not called if it changed nothing. An error makes the
   * delivery fail. The saved state is undone with it, and the call repeated, only if `save` is part of the inbox's
   * transaction: with any other store, pass the changes to a queue that does not fail.
   */
  readonly onChange?:
    | ((changes: readonly BillingChange[], context: EventChangeContext<Context, Tx>) => unknown)
    | undefined
  /**
   * Called if time alone changes the summary at another moment than before: look at the state again then. Called after
   * `onChange`. A review that is no longer needed finds nothing changed.
   */
  readonly scheduleReview?: ((reviewAt: Date, context: EventChangeContext<Context, Tx>) => unknown) | undefined
  /** Returns the key of the state that an event belongs to, or `undefined` if it names none. Default: {@link customerKey}. */
  readonly key?: ((event: HandledEvent, delivery: HandlerDelivery<Context, Tx>) => string | undefined) | undefined
  /**
   * Called with an event without a key. Default: throws a `DiscardEvent`, which the receiver acknowledges, since another
   * attempt would be the same, and reports with the outcome `discarded`. If this returns, the event's own handler runs.
   */
  readonly onMissingKey?: ((event: HandledEvent, delivery: HandlerDelivery<Context, Tx>) => unknown) | undefined
  /** The rules for reading the state. Default: the store's policy. */
  readonly policy?: AccessPolicy | undefined
  /** The present, in epoch milliseconds. Default: `Date.now`. */
  readonly now?: (() => number) | undefined
  /**
   * How often an event is loaded and saved before the handler gives up and Kinde tries again. A lost race means that
   * another writer has stored something. Default: 1000.
   */
  readonly maxAttempts?: number | undefined
}

/**
 * Creates a handler for the receiver's `onEvent` that keeps one state per customer.
 *
 * @throws KindeWebhookError `invalid_configuration` for an option that is unknown or wrong, without a store, and for a policy
 * that is not the store's.
 * The handler rejects with what the options' functions throw, and with an `Error` after `maxAttempts` lost races.
 *
 * @example
 * ```ts
 * import { createBillingReceiver } from '@kinde-billing/core/receiver'
 * import { type BillingState, createBillingStateHandler } from '@kinde-billing/state'
 *
 * const states = new Map<string, BillingState>()
 *
 * createBillingReceiver({
 *   issuer: 'https://acme.kinde.com',
 *   onEvent: createBillingStateHandler({
 *     load(key) {
 *       const state = states.get(key)
 *       return state && { state, version: state }
 *     },
 *     save(key, state, version) {
 *       if (states.get(key) !== version) return false
 *       states.set(key, state)
 *       return true
 *     },
 *     onChange(changes, { key }) {
 *       for (const change of changes) console.log(key, change.type)
 *     },
 *   }),
 * })
 * ```
 */
export function createBillingStateHandler<Context = unknown, Tx = unknown, Version = unknown>(
  options: BillingStateHandlerOptions<Context, Tx, Version>,
): (event: HandledEvent, delivery: HandlerDelivery<Context, Tx>) => Promise<void> {
  assertOptions(options)
  const { onChange, scheduleReview, key: keyOf = customerKey, onMissingKey = discard, now } = options
  const { policy = options.store?.policy, maxAttempts = 1000 } = options
  resolvePolicy(policy)
  assertMaxAttempts(maxAttempts)

  return async (event, delivery) => {
    const key = keyOf(event, delivery)
    if (key === undefined) {
      await onMissingKey(event, delivery)
      return
    }
    const own = (context: BillingChangeContext<Tx>): EventChangeContext<Context, Tx> => ({
      ...context,
      cause: 'event',
      event,
      delivery,
    })
    await updateBillingState<Tx, Version>(
      {
        store: storeFor(options, delivery),
        key,
        cause: 'event',
        tx: delivery.tx,
        policy,
        now,
        maxAttempts,
        onChange: onChange && ((changes, context) => onChange(changes, own(context))),
        scheduleReview: scheduleReview && ((reviewAt, context) => scheduleReview(reviewAt, own(context))),
      },
      (state) => applyBillingEvent(state, event, { receivedAt: delivery.receivedAt }),
    )
  }
}

const OPTIONS = [
  'store',
  'load',
  'save',
  'onChange',
  'scheduleReview',
  'key',
  'onMissingKey',
  'policy',
  'now',
  'maxAttempts',
]

const FUNCTIONS = ['load', 'save', 'onChange', 'scheduleReview', 'key', 'onMissingKey', 'now'] as const

function assertOptions<Context, Tx, Version>(options: BillingStateHandlerOptions<Context, Tx, Version>): void {
  assertObject('options', options, 'pass an object with a store, or with load and save')
  const { store, load, save, policy } = options
  assertKnownOptions('createBillingStateHandler', load === undefined ? options : withoutStore(options), OPTIONS)
  for (const name of FUNCTIONS) assertFunction(name, options[name])
  if (store !== undefined) assertStore(store)
  const hasBoth = load !== undefined && save !== undefined
  if (store === undefined ? !hasBoth : load !== undefined || save !== undefined)
    throw invalidConfiguration('store', store, 'pass either store, or load and save')
  // the store computes its columns by its own policy: changes must not be reported by another
  if (store !== undefined && 'policy' in store && policy !== undefined && policy !== store.policy)
    throw invalidConfiguration('policy', policy, 'pass it to the store instead, so that both use the same')
}

/** A store may be spread into the options for its load and save: then its other members are no mistakes. */
function withoutStore(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !STORE_MEMBERS.has(name)))
}

const STORE_MEMBERS: ReadonlySet<string> = new Set(['transaction', 'read', 'find', 'due', 'reviewDue'])

/** The store without its own transaction: inside a delivery the inbox decides about that. */
function storeFor<Context, Tx, Version>(
  { store, load, save }: BillingStateHandlerOptions<Context, Tx, Version>,
  delivery: HandlerDelivery<Context, Tx>,
): BillingStateStore<Tx, Version> {
  if (store !== undefined)
    return {
      load: (key) => store.load(key, delivery),
      save: (key, state, version) => store.save(key, state, version, delivery),
    }
  if (load === undefined || save === undefined) throw invalidConfiguration('load', load, 'pass load and save')
  return {
    load: (key) => load(key, delivery),
    save: (key, state, version) => save(key, state, version, delivery),
  }
}

function discard(event: HandledEvent): never {
  throw new DiscardEvent(
    `${event.type} names no customer: data has no usable customer_id, org_code or user_id, flat or nested. ` +
      'Pass a key or an onMissingKey to createBillingStateHandler to keep such events.',
  )
}

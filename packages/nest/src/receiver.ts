import { KindeWebhookError } from '@kinde-billing/core'
import { assertBegun, assertEventTypeKeys } from '@kinde-billing/core/internal'
import {
  type BillingLog,
  type BillingReceiver,
  type BillingReceiverOptions,
  createBillingReceiver,
  type DeliveryOutcome,
  type DeliveryRequest,
  type DeliveryResponse,
} from '@kinde-billing/core/receiver'
import { type KindeBillingContext, receiveNodeRequest } from '@kinde-billing/node'
import { Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common'
import type { DiscoveryService, HttpAdapterHost } from '@nestjs/core'
import { type DiscoveredHandler, discoverHandlers, type EventHandler } from './discover.js'
import { mountOnAdapter } from './mount.js'
import type { HandledEvents } from './on-event.js'
import { type AnyKindeBillingOptions, assertPath } from './options.js'

const RAW_BODY_HINT =
  'Something reads the body before Nest. Add parsers with app.useBodyParser(), not to the Express or Fastify instance that the application is created with, or keep the bytes as req.rawBody.'

/**
 * The receiver of a Nest application, to inject. Pass it to `redeliver` of `@kinde-billing/postgres`.
 */
export class KindeBillingReceiver implements BillingReceiver<KindeBillingContext>, OnModuleInit, OnModuleDestroy {
  readonly #options: AnyKindeBillingOptions
  readonly #discovery: DiscoveryService
  readonly #inFlight = new Set<Promise<unknown>>()
  #receiver: BillingReceiver<KindeBillingContext> | undefined

  /** The module creates it. */
  constructor(options: AnyKindeBillingOptions, discovery: DiscoveryService, adapterHost: HttpAdapterHost) {
    this.#options = options
    this.#discovery = discovery
    assertPath(options)
    mountOnAdapter(adapterHost, options.path, (req, res) => receiveNodeRequest(this, req, res, RAW_BODY_HINT))
  }

  /** The endpoint's name: the option, or `default`. */
  get name(): string {
    return this.#initialized().name
  }

  /** Handles one request. The module calls it for requests to its path. */
  receive(request: DeliveryRequest<KindeBillingContext>): Promise<DeliveryResponse> {
    return this.#track(this.#initialized().receive(request))
  }

  /** Runs the handlers for stored claims again. See `BillingReceiver` of `@kinde-billing/core/receiver`. */
  redeliver(...args: Parameters<BillingReceiver<KindeBillingContext>['redeliver']>): Promise<DeliveryOutcome> {
    return this.#track(this.#initialized().redeliver(...args))
  }

  /** Finds the handlers, when all providers exist. */
  onModuleInit(): void {
    this.#receiver = createBillingReceiver(withHandlers(this.#options, discoverHandlers(this.#discovery)))
  }

  /** Lets the deliveries that have begun finish, before the modules that this one imports are closed. */
  async onModuleDestroy(): Promise<void> {
    await Promise.allSettled(this.#inFlight)
  }

  #initialized(): BillingReceiver<KindeBillingContext> {
    if (this.#receiver !== undefined) return this.#receiver
    throw new KindeWebhookError(
      'invalid_configuration',
      'The Nest application is not initialized. Await app.init() or app.listen() before you pass requests to it.',
    )
  }

  #track<Value>(delivery: Promise<Value>): Promise<Value> {
    this.#inFlight.add(delivery)
    return delivery.finally(() => this.#inFlight.delete(delivery))
  }
}

type Handlers = Pick<BillingReceiverOptions<KindeBillingContext, unknown>, 'on' | 'onEvent' | 'onOtherEvent'>

/** The receiver's options, with the handlers of the options and the discovered ones together. */
function withHandlers(
  { path: _, ...options }: AnyKindeBillingOptions,
  discovered: readonly DiscoveredHandler[],
): BillingReceiverOptions<KindeBillingContext, unknown> {
  const find = (events: HandledEvents, own: EventHandler | undefined): EventHandler | undefined =>
    inTurn([
      ...(own === undefined ? [] : [own]),
      ...discovered.filter((handler) => handler.events.includes(events)).map(({ handle }) => handle),
    ])
  if (options.on !== undefined) assertEventTypeKeys('on', options.on, 'pass an object, with a handler per event type')
  const own: Record<string, EventHandler | undefined> = { ...options.on }
  const types = new Set([...Object.keys(own), ...discovered.flatMap(({ events }) => events)])
  types.delete('every')
  types.delete('other')
  const handlers = {
    on: Object.fromEntries([...types].map((type) => [type, find(type as HandledEvents, own[type])])),
    onEvent: find('every', options.onEvent),
    onOtherEvent: find('other', options.onOtherEvent),
  } as Handlers
  if (options.on === undefined && types.size === 0 && !handlers.onEvent && !handlers.onOtherEvent) throw noHandler()
  return { ...options, ...handlers, log: options.log ?? createNestLog() }
}

/** Several handlers are one unit of work: an attempt that must stop does not start the next one. */
function inTurn(handlers: readonly EventHandler[]): EventHandler | undefined {
  if (handlers.length < 2) return handlers[0]
  return async (event, delivery) => {
    const { type }: { readonly type: string } = event
    for (const handle of handlers) {
      delivery.signal.throwIfAborted()
      assertBegun(type, await handle(event, delivery))
    }
  }
}

function createNestLog(): BillingLog {
  const logger = new Logger('KindeBilling')
  return {
    warn: (line) => logger.warn(line),
    error: (line, { stack }) => logger.error(line, stack),
  }
}

const noHandler = (): KindeWebhookError =>
  new KindeWebhookError(
    'invalid_configuration',
    'No handler was found, so every event would be acknowledged and lost. Mark a method with @OnBillingEvent(), and list its class in the providers of a module.',
  )

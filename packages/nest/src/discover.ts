import { KindeWebhookError } from '@kinde-billing/core'
import type { HandlerDelivery } from '@kinde-billing/core/receiver'
import type { KindeBillingContext } from '@kinde-billing/node'
import { ContextIdFactory, type DiscoveryService, MetadataScanner, ModuleRef } from '@nestjs/core'
import { findHandledEvents, type HandledEvents } from './on-event.js'

type Wrapper = ReturnType<DiscoveryService['getProviders']>[number]

/** Handles an event. The decorator has checked that the method takes the events it is filed under. */
export type EventHandler = (event: never, delivery: HandlerDelivery<KindeBillingContext, never>) => unknown

/** A marked method of a provider or controller. */
export interface DiscoveredHandler {
  readonly events: readonly HandledEvents[]
  readonly handle: EventHandler
}

interface MarkedMethod {
  readonly name: string
  readonly events: readonly HandledEvents[]
}

const scanner = new MetadataScanner()

/**
 * Finds the marked methods of all providers and controllers.
 *
 * @throws KindeWebhookError `invalid_configuration` if two modules provide the same class, because it would run twice
 */
export function discoverHandlers(discovery: DiscoveryService): DiscoveredHandler[] {
  const wrappers = [...discovery.getProviders(), ...discovery.getControllers()]
  const instances = new Set<object>()
  const modules = new Map<unknown, string>()
  return wrappers.flatMap((wrapper) => {
    const instance: unknown = wrapper.instance
    if (wrapper.isAlias || typeof instance !== 'object' || instance === null || instances.has(instance)) return []
    instances.add(instance)
    const handlers = findMethods(instance, wrapper.token).map(
      ({ name, events }): DiscoveredHandler => ({ events, handle: createHandler(wrapper, instance, name) }),
    )
    if (handlers.length > 0 && wrapper.token === wrapper.metatype) assertProvidedOnce(wrapper, modules)
    return handlers
  })
}

function findMethods(instance: object, token: unknown): MarkedMethod[] {
  const methods = findMarked(Object.getPrototypeOf(instance))
  // in tests an object stands in for a class: its methods are those that the class marks
  if (methods.length > 0 || typeof token !== 'function') return methods
  return findMarked(token.prototype).filter(({ name }) => typeof Reflect.get(instance, name) === 'function')
}

function findMarked(prototype: unknown): MarkedMethod[] {
  if (typeof prototype !== 'object' || prototype === null) return []
  return scanner
    .getAllMethodNames(prototype)
    .map((name) => ({ name, events: findHandledEvents(Reflect.get(prototype, name)) }))
    .filter(({ events }) => events.length > 0)
}

function assertProvidedOnce({ metatype, name, host }: Wrapper, modules: Map<unknown, string>): void {
  const here = host?.name ?? 'a module'
  const other = modules.get(metatype)
  modules.set(metatype, here)
  if (other === undefined) return
  throw new KindeWebhookError(
    'invalid_configuration',
    `${name} is a provider of both ${other} and ${here}, so each event would run twice. List it in one module, and import that module in the other.`,
  )
}

function createHandler(wrapper: Wrapper, instance: object, name: string): EventHandler {
  const call = (target: object, ...args: Parameters<EventHandler>): unknown =>
    Reflect.apply(Reflect.get(target, name), target, args)
  if (wrapper.isDependencyTreeStatic() && !wrapper.isTransient)
    return (event, delivery) => call(instance, event, delivery)
  return async (event, delivery) => call(await createInstance(wrapper, delivery), event, delivery)
}

/** A provider in request or transient scope has an instance per delivery, and is injected the request of that delivery. */
async function createInstance(
  { host, token }: Wrapper,
  { context }: HandlerDelivery<KindeBillingContext, never>,
): Promise<object> {
  const moduleRef: unknown = host?.getProviderByKey(ModuleRef).instance
  if (!(moduleRef instanceof ModuleRef)) throw new Error(`${String(token)} belongs to no module.`)
  // Claims that are redelivered may come without a request.
  const request = context?.req
  const contextId = ContextIdFactory.getByRequest(request ?? {})
  moduleRef.registerRequestByContextId(request, contextId)
  return moduleRef.resolve(token, contextId)
}

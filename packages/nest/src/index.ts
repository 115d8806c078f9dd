import { type DataSchemas, KindeWebhookError, type NoSchemas } from '@kinde-billing/core'
import type { KindeBillingContext } from '@kinde-billing/node'
import type { DynamicModule, FactoryProvider, InjectionToken, ModuleMetadata, Provider, Type } from '@nestjs/common'
import { DiscoveryModule, DiscoveryService, HttpAdapterHost } from '@nestjs/core'
import { type AnyKindeBillingOptions, type KindeBillingOptions, OPTIONS } from './options.js'
import { KindeBillingReceiver } from './receiver.js'

export { OnBillingEvent, OnOtherEvent } from './on-event.js'
export type { KindeBillingContext, KindeBillingOptions }
export { KindeBillingReceiver }

/** A provider that makes the options, for `useClass` and `useExisting`. */
export interface KindeBillingOptionsFactory<Tx = undefined, Schemas extends DataSchemas = NoSchemas> {
  /** Makes the options, once. */
  createKindeBillingOptions(): KindeBillingOptions<Tx, Schemas> | Promise<KindeBillingOptions<Tx, Schemas>>
}

/** The options of {@link KindeBillingModule.forRootAsync}: one of `useFactory`, `useClass` and `useExisting`. */
export interface KindeBillingAsyncOptions<Tx = undefined, Schemas extends DataSchemas = NoSchemas>
  extends Pick<ModuleMetadata, 'imports'>,
    Partial<Pick<FactoryProvider<KindeBillingOptions<Tx, Schemas>>, 'inject' | 'useFactory'>> {
  /** A class that makes the options. The module instantiates it, with what `imports` export. */
  useClass?: Type<KindeBillingOptionsFactory<Tx, Schemas>> | undefined
  /** The token of a provider of `imports` that makes the options. */
  useExisting?: InjectionToken<KindeBillingOptionsFactory<Tx, Schemas>> | undefined
}

/**
 * Receives Kinde's billing webhooks in a Nest application, on Express or Fastify. The endpoint is mounted below Nest's
 * routing, so global prefixes, versions, guards, pipes, interceptors, filters and body parsers do not affect it. Handlers
 * are methods that are marked with {@link OnBillingEvent}. Failures and warnings go to Nest's Logger.
 *
 * @example
 * ```ts
 * import type { PaymentFailedEvent } from '@kinde-billing/core'
 * import { KindeBillingModule, OnBillingEvent } from '@kinde-billing/nest'
 * import { Injectable, Module } from '@nestjs/common'
 *
 * @Injectable()
 * class PaymentHandlers {
 *   @OnBillingEvent('customer.payment_failed')
 *   async askForAnotherCard(event: PaymentFailedEvent): Promise<void> {
 *     console.log('ask for another card', event.customer.id)
 *   }
 * }
 *
 * @Module({
 *   imports: [KindeBillingModule.forRoot({ path: '/webhooks/kinde', issuer: 'https://acme.kinde.com' })],
 *   providers: [PaymentHandlers],
 * })
 * export class AppModule {}
 * ```
 */
export class KindeBillingModule {
  /**
   * Creates the module.
   *
   * @param options - The path, and the options of the receiver.
   * @returns The module, for `imports`.
   * @throws KindeWebhookError `invalid_configuration`, when the application starts
   */
  static forRoot<Tx = undefined, const Schemas extends DataSchemas = NoSchemas>(
    options: KindeBillingOptions<Tx, Schemas>,
  ): DynamicModule {
    return createModule({ provide: OPTIONS, useValue: options })
  }

  /**
   * Creates the module with options from injected providers, such as a `ConfigService` or a pool.
   *
   * @param options - The function that makes the options of injected providers, or the class or provider that does.
   * @returns The module, for `imports`.
   * @throws KindeWebhookError `invalid_configuration` without any of the three, and for wrong options when the application starts
   */
  static forRootAsync<Tx = undefined, const Schemas extends DataSchemas = NoSchemas>({
    imports = [],
    inject = [],
    useFactory,
    useClass,
    useExisting,
  }: KindeBillingAsyncOptions<Tx, Schemas>): DynamicModule {
    if (useFactory) return createModule({ provide: OPTIONS, inject, useFactory }, imports)
    const token = useExisting ?? useClass
    if (token === undefined)
      throw new KindeWebhookError(
        'invalid_configuration',
        'forRootAsync() makes no options. Pass useFactory, or useClass or useExisting with a createKindeBillingOptions() method.',
      )
    const makeOptions = (factory: KindeBillingOptionsFactory<Tx, Schemas>) => factory.createKindeBillingOptions()
    const options: Provider = { provide: OPTIONS, inject: [token], useFactory: makeOptions }
    return createModule(options, imports, useClass && !useExisting ? [useClass] : [])
  }
}

/**
 * Creates the module, like {@link KindeBillingModule.forRoot}, under the name that every adapter has.
 *
 * @param options - The path, and the options of the receiver.
 * @returns The module, for `imports`.
 */
export function kindeBilling<Tx = undefined, const Schemas extends DataSchemas = NoSchemas>(
  options: KindeBillingOptions<Tx, Schemas>,
): DynamicModule {
  return KindeBillingModule.forRoot(options)
}

// No decorator of a parameter: not every compiler that runs the sources has them.
const RECEIVER_PROVIDER: Provider = {
  provide: KindeBillingReceiver,
  inject: [OPTIONS, DiscoveryService, HttpAdapterHost],
  useFactory: (options: AnyKindeBillingOptions, discovery: DiscoveryService, adapterHost: HttpAdapterHost) =>
    new KindeBillingReceiver(options, discovery, adapterHost),
}

function createModule(
  options: Provider,
  imports: NonNullable<ModuleMetadata['imports']> = [],
  others: Provider[] = [],
): DynamicModule {
  return {
    module: KindeBillingModule,
    imports: [DiscoveryModule, ...imports],
    providers: [...others, options, RECEIVER_PROVIDER],
    exports: [KindeBillingReceiver],
  }
}

import type { DataSchemas, NoSchemas } from '@kinde-billing/core'
import type { KindeBillingContext } from '@kinde-billing/node'
import type { DynamicModule, ModuleMetadata, Provider } from '@nestjs/common'
import { DiscoveryModule, DiscoveryService, HttpAdapterHost } from '@nestjs/core'
import {
  assertAsyncOptions,
  type KindeBillingAsyncOptions,
  type KindeBillingOptionsFactory,
  makeOptions,
} from './async-options.js'
import { type AnyKindeBillingOptions, type KindeBillingOptions, OPTIONS } from './options.js'
import { KindeBillingReceiver } from './receiver.js'

export { OnBillingEvent, OnOtherEvent } from './on-event.js'
export type { KindeBillingAsyncOptions, KindeBillingContext, KindeBillingOptions, KindeBillingOptionsFactory }
export { KindeBillingReceiver }

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
   * @throws KindeWebhookError `invalid_configuration` unless exactly one of the three is given, and for wrong options when the
   * application starts
   */
  static forRootAsync<Tx = undefined, const Schemas extends DataSchemas = NoSchemas>(
    options: KindeBillingAsyncOptions<Tx, Schemas>,
  ): DynamicModule {
    assertAsyncOptions(options)
    const { imports = [], inject = [], useFactory, useClass, useExisting } = options
    if (useFactory) return createModule({ provide: OPTIONS, inject, useFactory }, imports)
    const token = useExisting ?? useClass
    const provider: Provider = {
      provide: OPTIONS,
      inject: token === undefined ? [] : [token],
      useFactory: (factory: KindeBillingOptionsFactory<Tx, Schemas>) => makeOptions(factory),
    }
    return createModule(provider, imports, useClass ? [useClass] : [])
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

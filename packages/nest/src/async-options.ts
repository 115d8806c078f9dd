import { type DataSchemas, KindeWebhookError, type NoSchemas } from '@kinde-billing/core'
import { assertKnownOptions, invalidConfiguration } from '@kinde-billing/core/internal'
import type { FactoryProvider, InjectionToken, ModuleMetadata, Type } from '@nestjs/common'
import type { KindeBillingOptions } from './options.js'

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

const SOURCES = ['useFactory', 'useClass', 'useExisting'] as const
const EXAMPLE = "pass useFactory: () => ({ path: '/webhooks/kinde' }), or useClass or useExisting"

/**
 * Refuses options that make no options.
 *
 * @throws KindeWebhookError `invalid_configuration`
 */
export function assertAsyncOptions<Tx, Schemas extends DataSchemas>(
  options: KindeBillingAsyncOptions<Tx, Schemas>,
): void {
  assertKnownOptions('forRootAsync()', options, ['imports', 'inject', ...SOURCES])
  const given = SOURCES.filter((name) => options[name] !== undefined)
  if (given.length !== 1)
    throw new KindeWebhookError(
      'invalid_configuration',
      `forRootAsync() takes exactly one of useFactory, useClass and useExisting, and got ${given.join(' and ') || 'none'}.`,
    )
  const { imports, inject, useFactory, useClass } = options
  for (const [name, list] of Object.entries({ imports, inject }))
    if (list !== undefined && !Array.isArray(list)) throw invalidConfiguration(name, list, 'pass an array')
  for (const [name, callable] of Object.entries({ useFactory, useClass }))
    if (callable !== undefined && typeof callable !== 'function') throw invalidConfiguration(name, callable, EXAMPLE)
}

/**
 * Lets a provider make the options.
 *
 * @throws KindeWebhookError `invalid_configuration`
 */
export function makeOptions<Tx, Schemas extends DataSchemas>(
  factory: KindeBillingOptionsFactory<Tx, Schemas>,
): KindeBillingOptions<Tx, Schemas> | Promise<KindeBillingOptions<Tx, Schemas>> {
  if (typeof factory?.createKindeBillingOptions === 'function') return factory.createKindeBillingOptions()
  throw invalidConfiguration(
    'The provider of useClass or useExisting',
    factory,
    'it needs a createKindeBillingOptions() method that returns the options',
  )
}

import { type ConformanceOptions, type ConformanceServer, listen } from '@kinde-billing/testing/conformance'
import {
  type CallHandler,
  type CanActivate,
  Catch,
  type DynamicModule,
  type ExceptionFilter,
  type ExecutionContext,
  type INestApplication,
  Injectable,
  Module,
  type ModuleMetadata,
  type NestInterceptor,
  type PipeTransform,
  type Type,
  VersioningType,
} from '@nestjs/common'
import { type AbstractHttpAdapter, APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE, NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { KindeBillingModule } from '../src/index.js'

/** The path of the endpoint. */
export const PATH = '/webhooks/kinde'

/** Both platforms, by their names. */
export const PLATFORMS = { Express: ExpressAdapter, Fastify: FastifyAdapter }

/** The name of a platform. */
export type Platform = keyof typeof PLATFORMS

@Injectable()
class RejectEverything implements CanActivate, PipeTransform {
  canActivate(_context: ExecutionContext): boolean {
    return false
  }

  transform(): never {
    throw new Error('refused by a pipe')
  }
}

@Injectable()
class BreakEverything implements NestInterceptor {
  intercept(_context: ExecutionContext, _next: CallHandler): never {
    throw new Error('refused by an interceptor')
  }
}

@Catch()
class HideEverything implements ExceptionFilter {
  catch(): void {}
}

/** The enhancers of an application that lets nothing pass. */
const OBSTACLES: ModuleMetadata['providers'] = [
  { provide: APP_GUARD, useClass: RejectEverything },
  { provide: APP_PIPE, useClass: RejectEverything },
  { provide: APP_INTERCEPTOR, useClass: BreakEverything },
  { provide: APP_FILTER, useClass: HideEverything },
]

/** A root module with these imports and providers. */
export function createRoot(metadata: ModuleMetadata): Type {
  @Module(metadata)
  class AppModule {}
  return AppModule
}

/** Creates an application on a platform. It is not initialized yet. */
export function createApplication(platform: Platform, root: Type | DynamicModule, rawBody: boolean) {
  const adapter: AbstractHttpAdapter = new PLATFORMS[platform]()
  return NestFactory.create(root, adapter, { logger: false, rawBody, abortOnError: false })
}

/** Starts an application for the conformance suite. */
export function starting(platform: Platform, { rawBody, obstacles }: { rawBody: boolean; obstacles: boolean }) {
  return async (options: ConformanceOptions): Promise<ConformanceServer> => {
    const billing = KindeBillingModule.forRoot({ ...options, path: PATH })
    const root = createRoot({ imports: [billing], providers: obstacles ? (OBSTACLES ?? []) : [] })
    const app = await createApplication(platform, root, rawBody)
    if (obstacles) app.setGlobalPrefix('api').enableVersioning({ type: VersioningType.URI, defaultVersion: '1' })
    return listenOn(app)
  }
}

/** Initializes an application, and lets its server listen. */
export async function listenOn(app: INestApplication): Promise<ConformanceServer> {
  await app.init()
  const instance: unknown = app.getHttpAdapter().getInstance()
  // Fastify's routes exist when it is ready.
  if (typeof instance === 'object' && instance !== null && 'ready' in instance && typeof instance.ready === 'function')
    await instance.ready()
  return listen(app.getHttpServer(), PATH)
}

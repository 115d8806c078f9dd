import 'reflect-metadata'
import type { BillingEvent, PlanChangedEvent } from '@kinde-billing/core'
import { deferred } from '@kinde-billing/test-support/deferred'
import { billingEventFixture, createTestIssuer, deliver } from '@kinde-billing/testing'
import {
  Body,
  Controller,
  type INestApplication,
  Inject,
  Injectable,
  Module,
  type ModuleMetadata,
  Post,
  RequestMethod,
  Scope,
  VersioningType,
} from '@nestjs/common'
import { LazyModuleLoader, ModuleRef, NestFactory } from '@nestjs/core'
import { MessagePattern, type MicroserviceOptions, Transport } from '@nestjs/microservices'
import { Test } from '@nestjs/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createApplication, createRoot, listenOn, PATH, PLATFORMS, type Platform } from '../test/application.js'
import { KindeBillingModule, type KindeBillingOptions, KindeBillingReceiver, OnBillingEvent } from './index.js'

const { issuer, jwks, sign } = await createTestIssuer()
const platforms = Object.keys(PLATFORMS) as Platform[]
const trust = { path: PATH, issuer, jwks, log: false as const }
const signEvent = () => sign(billingEventFixture('customer.plan_changed'))
const processed = { status: 200, body: { status: 'processed' } }

const opened: INestApplication[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  await Promise.all(opened.splice(0).map((app) => app.close()))
})

async function create(platform: Platform, metadata: ModuleMetadata): Promise<INestApplication> {
  const app = await createApplication(platform, createRoot(metadata), false)
  opened.push(app)
  return app
}

@Injectable()
class PlanHandlers {
  readonly plans: unknown[] = []

  @OnBillingEvent('customer.plan_changed')
  changePlan(event: PlanChangedEvent): void {
    this.plans.push(event.plan.code)
  }
}

@Controller('orders')
class OrdersController {
  @Post()
  create(@Body() body: unknown): unknown {
    return { body }
  }

  @MessagePattern('ping')
  answer(): string {
    return 'pong'
  }
}

const billing = (options: Partial<KindeBillingOptions> = {}) =>
  KindeBillingModule.forRoot({ ...trust, ...options } as KindeBillingOptions)

async function postOrder(url: string, path: string): Promise<unknown> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(new URL(path, url), { method: 'POST', headers, body: '{"item":1}' })
  return response.json()
}

describe.each(platforms)('an application on %s', (platform) => {
  it('may be hybrid: its microservice and its routes work beside the endpoint', async () => {
    const app = await create(platform, {
      imports: [billing()],
      providers: [PlanHandlers],
      controllers: [OrdersController],
    })
    app.connectMicroservice<MicroserviceOptions>({ transport: Transport.TCP, options: { port: 0 } })
    await app.startAllMicroservices()
    const { url } = await listenOn(app)
    expect(await deliver(url, await signEvent())).toMatchObject(processed)
    expect(await postOrder(url, '/orders')).toEqual({ body: { item: 1 } })
    expect(app.get(PlanHandlers).plans).toHaveLength(1)
  })

  it('may have a global prefix with exceptions, versions, and no body parser', async () => {
    const root = createRoot({ imports: [billing()], providers: [PlanHandlers], controllers: [OrdersController] })
    const app = await NestFactory.create(root, new PLATFORMS[platform](), { logger: false, bodyParser: false })
    opened.push(app)
    app.setGlobalPrefix('api', { exclude: [{ path: 'webhooks/*path', method: RequestMethod.ALL }] })
    app.enableVersioning({ type: VersioningType.HEADER, header: 'x-version' })
    expect(await deliver((await listenOn(app)).url, await signEvent())).toMatchObject(processed)
  })

  it('may have middleware, parsers and CORS of its own, which other routes get', async () => {
    const app = await create(platform, {
      imports: [billing()],
      providers: [PlanHandlers],
      controllers: [OrdersController],
    })
    app.enableCors({ origin: 'https://acme.example' })
    const { url } = await listenOn(app)
    expect(await deliver(url, await signEvent())).toMatchObject(processed)
    expect(await postOrder(url, '/orders')).toEqual({ body: { item: 1 } })
    const other = await fetch(new URL('/orders', url), { method: 'POST' })
    expect(other.headers.get('access-control-allow-origin')).toBe('https://acme.example')
  })

  it('injects request-scoped dependencies, and makes transient handlers for each delivery', async () => {
    const seen: unknown[] = []

    @Injectable({ scope: Scope.REQUEST })
    class Tenant {}

    @Injectable()
    class TenantHandlers {
      constructor(@Inject(Tenant) private readonly tenant: Tenant) {}

      @OnBillingEvent('customer.plan_changed')
      changePlan(_event: PlanChangedEvent): void {
        seen.push(this.tenant)
      }
    }

    @Injectable({ scope: Scope.TRANSIENT })
    class TransientHandlers {
      @OnBillingEvent('customer.plan_changed')
      changePlan(_event: PlanChangedEvent): void {
        seen.push(this)
      }
    }

    const app = await create(platform, {
      imports: [billing()],
      providers: [Tenant, TenantHandlers, TransientHandlers],
    })
    const { url } = await listenOn(app)
    for (const _ of ['first', 'second']) expect(await deliver(url, await signEvent())).toMatchObject(processed)
    expect(new Set(seen).size).toBe(4)
    expect(seen.filter((value) => value instanceof Tenant)).toHaveLength(2)
  })

  it('finds handlers in controllers, base classes and what a factory returns', async () => {
    const seen: string[] = []

    class Base {
      @OnBillingEvent()
      handle(_event: BillingEvent): void {
        seen.push(this.constructor.name)
      }
    }

    @Controller()
    class BillingController extends Base {}

    class Made extends Base {}

    const app = await create(platform, {
      imports: [billing()],
      controllers: [BillingController],
      providers: [{ provide: 'MADE', useFactory: async () => new Made() }],
    })
    expect(await deliver((await listenOn(app)).url, await signEvent())).toMatchObject(processed)
    expect(seen.sort()).toEqual(['BillingController', 'Made'])
  })

  it('gets the stand-ins of a test in the place of its handlers', async () => {
    const plans: unknown[] = []
    const testing = await Test.createTestingModule({ imports: [billing()], providers: [PlanHandlers] })
      .overrideProvider(PlanHandlers)
      .useValue({ changePlan: (event: PlanChangedEvent) => plans.push(event.type) })
      .compile()
    const app = testing.createNestApplication(new PLATFORMS[platform](), { logger: false })
    opened.push(app)
    expect(await deliver((await listenOn(app)).url, await signEvent())).toMatchObject(processed)
    expect(plans).toEqual(['customer.plan_changed'])
  })

  it('may import one module in several others', async () => {
    const shared = billing()

    @Module({ imports: [shared] })
    class FirstModule {}

    @Module({ imports: [shared] })
    class SecondModule {}

    const app = await create(platform, { imports: [FirstModule, SecondModule, shared], providers: [PlanHandlers] })
    expect(await deliver((await listenOn(app)).url, await signEvent())).toMatchObject(processed)
    expect(app.get(PlanHandlers).plans).toHaveLength(1)
  })

  it('answers a delivery that a signal to end finds in progress, and ends after it', async () => {
    const [begun, finish] = [deferred(), deferred()]
    const kill = vi.spyOn(process, 'kill').mockReturnValue(true)

    @Injectable()
    class SlowHandlers {
      @OnBillingEvent()
      async handle(): Promise<void> {
        begun.resolve()
        await finish.promise
      }
    }

    const app = await create(platform, { imports: [billing()], providers: [SlowHandlers] })
    // vitest listens for SIGTERM too
    app.enableShutdownHooks(['SIGUSR2'])
    const { url } = await listenOn(app)
    const answer = deliver(url, await signEvent())
    await begun.promise
    process.emit('SIGUSR2', 'SIGUSR2')
    expect(kill).not.toHaveBeenCalled()
    finish.resolve()
    expect(await answer).toMatchObject(processed)
    await vi.waitFor(() => expect(kill).toHaveBeenCalledWith(process.pid, 'SIGUSR2'), 30_000)
    opened.splice(0)
  })

  it('refuses two endpoints with one path', async () => {
    const imports = [billing(), billing({ path: `${PATH}/`, name: 'second' })]
    await expect(create(platform, { imports, providers: [PlanHandlers] })).rejects.toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringContaining(`Two endpoints have the path ${PATH}/`),
    })
  })

  it('refuses a module that is loaded after it listens', async () => {
    const app = await create(platform, { controllers: [OrdersController] })
    await app.listen(0, '127.0.0.1')
    const load = () => app.get(LazyModuleLoader).load(() => billing({ onEvent: () => {} }))
    await expect(load()).rejects.toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringContaining('not loaded lazily'),
    })
  })
})

it('shares its receiver in a microservice without HTTP', async () => {
  const root = createRoot({ imports: [billing()], providers: [PlanHandlers] })
  const options = { transport: Transport.TCP as const, options: { port: 0 }, logger: false as const }
  const service = await NestFactory.createMicroservice<MicroserviceOptions>(root, options)
  await service.listen()
  const { outcome } = await service
    .get(KindeBillingReceiver)
    .redeliver({ ...billingEventFixture('customer.plan_changed') }, { context: Object.create(null) })
  expect([outcome, service.get(PlanHandlers).plans.length]).toEqual(['processed', 1])
  await service.close()
})

describe('OnBillingEvent', () => {
  it.each([
    ['a static method', class {}, 'handle', { value: () => {} }],
    ['a method without a name', class {}.prototype, Symbol('handle'), { value: () => {} }],
    ['a getter', class {}.prototype, 'handle', { get: () => () => {} }],
    ['a decorator of another kind', () => {}, { kind: 'method', name: 'handle' }, undefined],
  ])('refuses %s, with the fix', (_, target, name, descriptor) => {
    const decorate: (...args: unknown[]) => void = OnBillingEvent() as never
    expect(() => decorate(target, name, descriptor)).toThrow(
      expect.objectContaining({
        code: 'invalid_configuration',
        message: expect.stringContaining('cannot handle events'),
      }),
    )
  })
})

describe('forRootAsync', () => {
  it.each([
    ['nothing', undefined, 'forRootAsync() is undefined'],
    ['null', null, 'forRootAsync() is null'],
    ['a function', () => trust, 'forRootAsync() is '],
    ['no source', {}, 'exactly one of useFactory, useClass and useExisting, and got none'],
    ['two sources', { useFactory: () => trust, useClass: PlanHandlers }, 'got useFactory and useClass'],
    ['a misspelled source', { useFactroy: () => trust }, 'did you mean "useFactory"?'],
    ['options in the place of a function', { useFactory: trust }, 'useFactory is '],
    ['a class by its name', { useClass: 'PlanHandlers' }, 'useClass is "PlanHandlers"'],
    ['one token in the place of a list', { useFactory: () => trust, inject: ModuleRef }, 'inject is '],
    ['one module in the place of a list', { useFactory: () => trust, imports: PlanHandlers }, 'imports is '],
  ])('refuses %s', (_, options, message) => {
    expect(() => KindeBillingModule.forRootAsync(options as never)).toThrow(
      expect.objectContaining({ code: 'invalid_configuration', message: expect.stringContaining(message) }),
    )
  })

  it.each([
    ['nothing', { useFactory: () => undefined }, 'The options object of KindeBillingModule is undefined'],
    ['no path', { useFactory: () => ({ issuer }) }, 'path is undefined'],
    ['no options', { useClass: PlanHandlers }, 'createKindeBillingOptions() method'],
  ])('refuses a source that makes %s, when the application starts', async (_, options, message) => {
    const imports = [KindeBillingModule.forRootAsync(options as never)]
    await expect(create('Express', { imports, providers: [PlanHandlers] })).rejects.toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringContaining(message),
    })
  })
})

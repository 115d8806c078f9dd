import 'reflect-metadata'
import type { BillingEvent, OtherEvent, PaymentFailedEvent, PlanChangedEvent } from '@kinde-billing/core'
import { createMemoryInbox, type DeliveryInbox, type HandlerDelivery } from '@kinde-billing/core/receiver'
import { deferred } from '@kinde-billing/test-support/deferred'
import { billingEventFixture, createTestIssuer, deliver } from '@kinde-billing/testing'
import {
  type INestApplication,
  Inject,
  Injectable,
  Logger,
  Module,
  type ModuleMetadata,
  type NestMiddleware,
  Scope,
} from '@nestjs/common'
import { NestFactory, REQUEST } from '@nestjs/core'
import { Test } from '@nestjs/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createApplication, createRoot, listenOn, PATH, PLATFORMS, type Platform } from '../test/application.js'
import {
  type KindeBillingContext,
  KindeBillingModule,
  type KindeBillingOptions,
  KindeBillingReceiver,
  kindeBilling,
  OnBillingEvent,
  OnOtherEvent,
} from './index.js'

const { issuer, jwks, sign } = await createTestIssuer()
const platforms = Object.keys(PLATFORMS) as Platform[]
const opened: INestApplication[] = []

afterEach(async () => {
  vi.restoreAllMocks()
  await Promise.all(opened.splice(0).map((app) => app.close()))
})

const trust = { path: PATH, issuer, jwks, log: false as const }
const signEvent = (type = 'customer.plan_changed') => sign(billingEventFixture('customer.plan_changed', { type }))

async function start(
  { providers = [], imports = [], ...options }: Partial<KindeBillingOptions> & ModuleMetadata,
  platform: Platform = 'Express',
) {
  const billing = KindeBillingModule.forRoot({ ...trust, ...options } as KindeBillingOptions)
  const app = await createApplication(platform, createRoot({ imports: [billing, ...imports], providers }), false)
  opened.push(app)
  const { url } = await listenOn(app)
  return { app, url, send: async (type?: string) => deliver(url, await signEvent(type)) }
}

@Injectable()
class Calls {
  readonly names: string[] = []
}

@Injectable()
class PlanHandlers {
  constructor(@Inject(Calls) private readonly calls: Calls) {}

  @OnBillingEvent('customer.plan_changed')
  changePlan(event: PlanChangedEvent): void {
    this.calls.names.push(`plan ${event.plan.code}`)
  }

  @OnBillingEvent('customer.payment_failed', 'customer.plan_changed')
  async both(event: PaymentFailedEvent | PlanChangedEvent): Promise<void> {
    this.calls.names.push(`both ${event.type}`)
  }

  @OnBillingEvent()
  every(event: BillingEvent): void {
    this.calls.names.push(`every ${event.type}`)
  }

  @OnOtherEvent()
  other(event: OtherEvent): void {
    this.calls.names.push(`other ${event.type}`)
  }
}

describe.each(platforms)('marked methods on %s', (platform) => {
  it('get their events, one after another, those of every event first', async () => {
    const { app, send } = await start({ providers: [Calls, PlanHandlers] }, platform)
    for (const type of ['customer.plan_changed', 'customer.payment_failed', 'user.created'])
      expect(await send(type)).toMatchObject({ status: 200, body: { status: 'processed' } })
    expect(app.get(Calls).names).toEqual([
      'every customer.plan_changed',
      expect.stringMatching(/^plan /),
      'both customer.plan_changed',
      'every customer.payment_failed',
      'both customer.payment_failed',
      'other user.created',
    ])
  })

  it('get an instance per delivery in request scope, with its request injected', async () => {
    const seen: unknown[] = []

    @Injectable({ scope: Scope.REQUEST })
    class ScopedHandlers {
      constructor(@Inject(REQUEST) private readonly request: unknown) {}

      @OnBillingEvent('customer.plan_changed')
      changePlan(_event: PlanChangedEvent, { context }: HandlerDelivery<KindeBillingContext, undefined>): void {
        seen.push(this, this.request === context.req)
      }
    }

    const { send } = await start({ providers: [ScopedHandlers] }, platform)
    for (const _ of ['first', 'second']) expect((await send()).status).toBe(200)
    expect([seen[1], seen[3], seen[0] === seen[2]]).toEqual([true, true, false])
  })

  it('get the transaction of the inbox, with options of injected providers', async () => {
    const transactions: string[] = []
    const inbox: DeliveryInbox<string> = {
      async once(_delivery, work) {
        await work('the transaction', new AbortController().signal)
        return 'processed'
      },
    }

    @Module({ providers: [{ provide: 'INBOX', useValue: inbox }], exports: ['INBOX'] })
    class StoreModule {}

    @Injectable()
    class TransactionHandlers {
      @OnBillingEvent('customer.plan_changed')
      changePlan(_event: PlanChangedEvent, { tx }: { tx: string }): void {
        transactions.push(tx)
      }
    }

    const billing = KindeBillingModule.forRootAsync({
      imports: [StoreModule],
      inject: ['INBOX'],
      useFactory: async (injected: DeliveryInbox<string>) => ({ ...trust, name: 'billing', inbox: injected }),
    })
    const root = createRoot({ imports: [billing], providers: [TransactionHandlers] })
    const app = await createApplication(platform, root, false)
    opened.push(app)
    expect((await deliver((await listenOn(app)).url, await signEvent())).status).toBe(200)
    expect(transactions).toEqual(['the transaction'])
  })

  it('finish before the modules that the endpoint needs are closed, and are answered', async () => {
    const [begun, finish] = [deferred(), deferred()]
    const steps: string[] = []

    @Module({})
    class StoreModule {
      onModuleDestroy(): void {
        steps.push('store closed')
      }
    }

    @Injectable()
    class SlowHandlers {
      @OnBillingEvent()
      async handle(): Promise<void> {
        begun.resolve()
        await finish.promise
        steps.push('handled')
      }
    }

    const { app, send } = await start({ imports: [StoreModule], providers: [SlowHandlers] }, platform)
    const answer = send()
    await begun.promise
    const closed = app.close()
    finish.resolve()
    expect(await answer).toMatchObject({ status: 200, body: { status: 'processed' } })
    await closed
    expect(steps).toEqual(['handled', 'store closed'])
  })

  it('work in an application of @nestjs/testing', async () => {
    const billing = KindeBillingModule.forRoot({ ...trust, inbox: createMemoryInbox(), name: 'billing' })
    const testing = await Test.createTestingModule({ imports: [billing], providers: [Calls, PlanHandlers] }).compile()
    const app = testing.createNestApplication(new PLATFORMS[platform](), { logger: false })
    opened.push(app)
    app.setGlobalPrefix('api')
    expect((await deliver((await listenOn(app)).url, await signEvent())).status).toBe(200)
    expect(app.get(Calls).names).toHaveLength(3)
  })
})

describe('the endpoint', () => {
  it('is not behind middleware on Express', async () => {
    @Injectable()
    class RefuseEverything implements NestMiddleware {
      use(_req: unknown, res: { writeHead(status: number): { end(): void } }): void {
        res.writeHead(403).end()
      }
    }

    @Module({ providers: [RefuseEverything] })
    class GuardedModule {
      configure(consumer: { apply(middleware: unknown): { forRoutes(path: string): void } }): void {
        consumer.apply(RefuseEverything).forRoutes('{*path}')
      }
    }

    const { url, send } = await start({ imports: [GuardedModule], onEvent: () => {} })
    expect((await fetch(new URL('/other', url))).status).toBe(403)
    expect((await send()).status).toBe(200)
  })

  it('leaves the other routes and their parsed bodies alone', async () => {
    const { app, url } = await start({ onEvent: () => {} })
    expect((await fetch(new URL('/other', url), { method: 'POST', body: 'x' })).status).toBe(404)
    expect(app.get(KindeBillingReceiver).name).toBe('default')
  })

  it("writes its lines to Nest's Logger", async () => {
    const error = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => {})
    const failing = () => {
      throw new Error('the shop is closed')
    }
    const { send } = await start({ log: undefined, onEvent: failing })
    expect((await send()).status).toBe(500)
    expect(error).toHaveBeenCalledWith(
      expect.stringContaining('the shop is closed'),
      expect.stringContaining('failing'),
    )
  })

  it('shares its receiver, for redelivery, also without HTTP', async () => {
    const root = createRoot({ imports: [kindeBilling(trust)], providers: [Calls, PlanHandlers] })
    const context = await NestFactory.createApplicationContext(root, { logger: false, abortOnError: false })
    const receiver = context.get(KindeBillingReceiver)
    const claims = { ...billingEventFixture('customer.payment_failed') }
    const { outcome } = await receiver.redeliver(claims, { context: Object.create(null) })
    expect([outcome, context.get(Calls).names]).toEqual([
      'processed',
      ['every customer.payment_failed', 'both customer.payment_failed'],
    ])
    await context.close()
  })
})

describe('a mistake is refused when the application starts:', () => {
  const failure = (options: Parameters<typeof start>[0]) => start(options).catch((error: unknown) => error)

  it('refuses an application without a handler', async () => {
    expect(await failure({ providers: [Calls] })).toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringContaining('Mark a method with @OnBillingEvent()'),
    })
  })

  it('refuses a path without a slash', async () => {
    expect(await failure({ path: 'webhooks', onEvent: () => {} })).toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringContaining('pass the whole path of the endpoint'),
    })
  })

  it('refuses an option that does not exist', async () => {
    const options = { isuer: issuer, onEvent: () => {} }
    expect(await failure(options)).toMatchObject({ code: 'invalid_configuration' })
  })

  it('refuses handlers in a Map', async () => {
    const options = { on: new Map([['customer.plan_changed', () => {}]]) as never }
    expect(await failure(options)).toMatchObject({ message: expect.stringMatching(/^on is a Map/) })
  })

  it('refuses handlers that two modules provide', async () => {
    @Module({ providers: [Calls, PlanHandlers] })
    class PlanModule {}

    expect(await failure({ imports: [PlanModule], providers: [Calls, PlanHandlers] })).toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringContaining('PlanHandlers is a provider of both'),
    })
  })
})

it('runs a provider with an alias once', async () => {
  const alias = { provide: 'ALIAS', useExisting: PlanHandlers }
  const { app, send } = await start({ providers: [Calls, PlanHandlers, alias] })
  await send('customer.payment_failed')
  expect(app.get(Calls).names).toHaveLength(2)
})

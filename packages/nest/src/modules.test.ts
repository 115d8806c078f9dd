import 'reflect-metadata'
import { text } from 'node:stream/consumers'
import { type BillingEvent, KindeWebhookError } from '@kinde-billing/core'
import { billingEventFixture, createTestIssuer, deliver } from '@kinde-billing/testing'
import { HttpException, type INestApplication, Injectable, Module, type ModuleMetadata } from '@nestjs/common'
import { afterEach, describe, expect, it } from 'vitest'
import { createApplication, createRoot, listenOn, PATH, PLATFORMS, type Platform } from '../test/application.js'
import {
  KindeBillingModule,
  type KindeBillingOptions,
  type KindeBillingOptionsFactory,
  OnBillingEvent,
} from './index.js'

const { issuer, jwks, sign } = await createTestIssuer()
const platforms = Object.keys(PLATFORMS) as Platform[]
const trust = { path: PATH, issuer, jwks, log: false as const, onEvent: () => {} }
const signEvent = () => sign(billingEventFixture('customer.plan_changed'))

const opened: INestApplication[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((app) => app.close()))
})

async function start(platform: Platform, metadata: ModuleMetadata): Promise<string> {
  const app = await createApplication(platform, createRoot(metadata), false)
  opened.push(app)
  return (await listenOn(app)).url
}

@Injectable()
class Settings implements KindeBillingOptionsFactory {
  async createKindeBillingOptions(): Promise<KindeBillingOptions> {
    return trust
  }
}

@Module({ providers: [Settings], exports: [Settings] })
class SettingsModule {}

describe.each(platforms)('forRootAsync on %s', (platform) => {
  it.each([
    { name: 'useFactory', options: { useFactory: () => trust } },
    { name: 'useClass', options: { useClass: Settings } },
    { name: 'useExisting', options: { imports: [SettingsModule], useExisting: Settings } },
  ])('takes its options of $name', async ({ options }) => {
    const url = await start(platform, { imports: [KindeBillingModule.forRootAsync(options)] })
    expect(await deliver(url, await signEvent())).toMatchObject({ status: 200, body: { status: 'processed' } })
  })
})

describe('forRootAsync', () => {
  it('refuses to make no options', () => {
    expect(() => KindeBillingModule.forRootAsync({})).toThrow(KindeWebhookError)
  })
})

describe.each(platforms)('an application on %s', (platform) => {
  it('may have an endpoint per Kinde domain', async () => {
    const other = await createTestIssuer({ issuer: 'https://other.example' })
    const seen: string[] = []
    const endpoint = (name: string, options: Partial<KindeBillingOptions>) =>
      KindeBillingModule.forRoot({
        ...trust,
        name,
        ...options,
        onEvent: (event) => void seen.push(`${name} ${event.id}`),
      })
    const url = await start(platform, {
      imports: [
        endpoint('first', {}),
        endpoint('second', { path: '/webhooks/other', issuer: other.issuer, jwks: other.jwks }),
      ],
    })
    const claims = billingEventFixture('customer.plan_changed')
    const secondUrl = String(new URL('/webhooks/other', url))
    expect((await deliver(url, await sign(claims))).status).toBe(200)
    expect((await deliver(secondUrl, await other.sign(claims))).status).toBe(200)
    expect((await deliver(secondUrl, await sign(claims))).status).toBe(401)
    expect(seen).toEqual([`first ${claims.event_id}`, `second ${claims.event_id}`])
  })

  it('answers 500 to an HttpException of a handler, whose status is for other routes', async () => {
    @Injectable()
    class Handlers {
      @OnBillingEvent()
      handle(_event: BillingEvent): void {
        throw new HttpException('no such customer', 404)
      }
    }

    const { onEvent: _, ...options } = trust
    const url = await start(platform, { imports: [KindeBillingModule.forRoot(options)], providers: [Handlers] })
    expect(await deliver(url, await signEvent())).toMatchObject({ status: 500, body: { error: 'handler_failed' } })
  })

  it('never loses a delivery whose body a middleware has read', async () => {
    @Module({})
    class ReadingModule {
      configure(consumer: { apply(middleware: unknown): { forRoutes(path: string): void } }): void {
        const read = (req: NodeJS.ReadableStream, _res: unknown, next: () => void) => text(req).then(() => next())
        consumer.apply(read).forRoutes('{*path}')
      }
    }

    const url = await start(platform, { imports: [ReadingModule, KindeBillingModule.forRoot(trust)] })
    // on Express the endpoint comes before middleware
    expect(await deliver(url, await signEvent())).toMatchObject(
      platform === 'Express'
        ? { status: 200, body: { status: 'processed' } }
        : { status: 500, body: { error: 'body_already_parsed' } },
    )
  })
})

import type { DurableObjectNamespace, DurableObjectState, ExportedHandler, Rpc } from '@cloudflare/workers-types'
import type { DeliveryInbox } from '@kinde-billing/core/receiver'
import { describe, expectTypeOf, it } from 'vitest'
import { createDurableObjectInbox, type InboxNamespace, type InboxObjectState, KindeBillingInbox } from './index.js'

describe("Cloudflare's own types", () => {
  it('take the class in the binding that `wrangler types` writes, and the binding as the namespace', () => {
    interface Env {
      KINDE_BILLING_INBOX: DurableObjectNamespace<KindeBillingInbox>
    }
    expectTypeOf<KindeBillingInbox>().toExtend<Rpc.DurableObjectBranded>()
    expectTypeOf<Env['KINDE_BILLING_INBOX']>().toExtend<InboxNamespace>()
    expectTypeOf<DurableObjectNamespace>().toExtend<InboxNamespace>()
    expectTypeOf<DurableObjectState>().toExtend<InboxObjectState>()
    expectTypeOf<ExportedHandler<Env>>().toBeObject()
  })

  it('give handlers no transaction', () => {
    expectTypeOf(createDurableObjectInbox).returns.toEqualTypeOf<DeliveryInbox>()
    expectTypeOf(KindeBillingInbox).toBeConstructibleWith({} as DurableObjectState)
  })
})

import { createBillingReceiver } from '@kinde-billing/core/receiver'
import { createNamespace } from '@kinde-billing/test-support/durable-objects'
import { describeInbox } from '@kinde-billing/testing/inbox-contract'
import { newDelivery, nothing, settled } from '@kinde-billing/testing/inbox-contract/attempts'
import { describe, expect, it } from 'vitest'
import { createDurableObjectInbox, type InboxNamespace } from './index.js'

describeInbox('a Durable Object inbox in one process', () => {
  const namespace = createNamespace()
  return { inbox: createDurableObjectInbox({ namespace }), other: createDurableObjectInbox({ namespace }) }
})

describe('createDurableObjectInbox', () => {
  it.each([
    [undefined, /namespace is undefined: the binding is missing\. Bind the class KindeBillingInbox/],
    [{ idFromName() {} }, /namespace has no getByName\(\)\. .* update Wrangler/],
  ])('refuses the namespace %j and names the fix', (namespace, message) => {
    // @ts-expect-error: not a namespace
    const create = () => createDurableObjectInbox({ namespace })
    expect(create).toThrowError(
      expect.objectContaining({ code: 'invalid_configuration', message: expect.stringMatching(message) }),
    )
  })

  it('refuses an unknown option, and suggests the right one', () => {
    // @ts-expect-error: misspelled
    const create = () => createDurableObjectInbox({ namespaces: createNamespace() })
    expect(create).toThrow('did you mean "namespace"?')
  })

  it('reports a missing binding as the configuration that it is', async () => {
    const errors: unknown[] = []
    const receiver = createBillingReceiver({
      issuer: 'https://acme.kinde.com',
      name: 'billing',
      // @ts-expect-error: not bound
      inbox: (env: Record<string, unknown>) => createDurableObjectInbox({ namespace: env.KINDE_BILLING_INBOX }),
      onEvent: () => {},
      log: false,
      onOutcome: ({ error }) => errors.push(error?.code, String(error?.cause)),
    })
    await receiver.redeliver(
      { type: 'customer.plan_changed', event_id: 'event_1', timestamp: new Date().toISOString(), data: {} },
      { context: {} },
    )
    expect(errors).toEqual(['invalid_configuration', expect.stringContaining('the binding is missing')])
  })

  it('has an object for each delivery', async () => {
    const namespace = createNamespace()
    const inbox = createDurableObjectInbox({ namespace })
    const [first, second] = [newDelivery(), newDelivery()]
    for (const delivery of [first, second, first]) await inbox.once(delivery, nothing)
    expect(namespace.names()).toEqual([first.key, second.key])
  })
})

describe('an object that fails', () => {
  const step = async (request: Request): Promise<string> => (await request.json()).do

  it('fails the attempt and runs nothing if the claim fails twice', async () => {
    let runs = 0
    const namespace: InboxNamespace = { getByName: () => ({ fetch: () => Promise.reject(new Error('overloaded')) }) }
    const attempt = createDurableObjectInbox({ namespace }).once(newDelivery(), async () => void runs++)
    await expect(attempt).rejects.toThrow('overloaded')
    expect(runs).toBe(0)
  })

  it('gets the mark again until it is there', async () => {
    const objects = createNamespace()
    let failures = 3
    const namespace: InboxNamespace = {
      getByName: (name) => ({
        async fetch(url, init) {
          if ((await step(new Request(url, init))) === 'mark' && failures-- > 0) throw new Error('restarted')
          return objects.getByName(name).fetch(url, init)
        },
      }),
    }
    const delivery = newDelivery()
    expect(await createDurableObjectInbox({ namespace }).once(delivery, nothing)).toBe('processed')
    expect(await createDurableObjectInbox({ namespace: objects }).once(delivery, nothing)).toBe('duplicate')
  })

  it('rejects with the error of the work if the release fails too', async () => {
    const objects = createNamespace()
    const namespace: InboxNamespace = {
      getByName: (name) => ({
        async fetch(url, init) {
          if ((await step(new Request(url, init))) === 'release') throw new Error('restarted')
          return objects.getByName(name).fetch(url, init)
        },
      }),
    }
    const failing = createDurableObjectInbox({ namespace }).once(newDelivery(), () => Promise.reject(new Error('mail')))
    expect(await settled(failing)).toEqual({ status: 'rejected', reason: new Error('mail') })
  })

  it.each([
    ['another class answers', Response.json('hello')],
    ['it answers an error', new Response('no such step', { status: 500 })],
  ])('says so if %s', async (_, response) => {
    const namespace: InboxNamespace = { getByName: () => ({ fetch: async () => response.clone() }) }
    const attempt = createDurableObjectInbox({ namespace }).once(newDelivery(), nothing)
    await expect(attempt).rejects.toThrow(`The Durable Object answered ${response.status} to "claim"`)
  })
})

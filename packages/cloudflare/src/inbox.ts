import { assertKnownOptions } from '@kinde-billing/core/internal'
import { type DeliveryInbox, DiscardEvent } from '@kinde-billing/core/receiver'
import { startLease } from './lease.js'
import { assertNamespace, type InboxNamespace, runStep } from './namespace.js'
import type { Step, StepResult } from './object.js'
import { retry } from './retry.js'

/** The options of {@link createDurableObjectInbox}. */
export interface DurableObjectInboxOptions {
  /** The binding of the class {@link KindeBillingInbox}, such as `env.KINDE_BILLING_INBOX`. */
  namespace: InboxNamespace
}

/**
 * Creates an inbox in Cloudflare's Durable Objects: however many isolates and regions a Worker runs in, each billing event is
 * handled once. Needs no server beside the Worker.
 *
 * Each delivery has an object, which claims, marks and releases it one step at a time. The mark is retried until the lease
 * ends. A repeat is possible if a Worker is stopped between the end of a handler and the mark, and if a handler outlives its
 * lease. `once` rejects with the binding's error if the object cannot be reached, and with an `Error` if the claim was lost
 * before the mark.
 *
 * @param options - `namespace`.
 * @returns An inbox for `createBillingReceiver` and for the adapters. It costs nothing to create one per request.
 * @throws KindeWebhookError `invalid_configuration` for an unknown option or a missing binding.
 *
 * @example
 * ```ts
 * import { createDurableObjectInbox, type InboxNamespace } from '@kinde-billing/cloudflare'
 * import { createWebHandler } from '@kinde-billing/core/receiver'
 *
 * export { KindeBillingInbox } from '@kinde-billing/cloudflare'
 *
 * interface Env {
 *   KINDE_ISSUER_URL: string
 *   KINDE_BILLING_INBOX: InboxNamespace
 * }
 *
 * const receiveWebhook = createWebHandler({
 *   issuer: (env: Env) => env.KINDE_ISSUER_URL,
 *   name: 'billing',
 *   inbox: (env: Env) => createDurableObjectInbox({ namespace: env.KINDE_BILLING_INBOX }),
 *   on: { 'customer.payment_failed': async (event) => console.log('ask for another card', event.customer.id) },
 * })
 *
 * export default { fetch: (request: Request, env: Env) => receiveWebhook(request, env) }
 * ```
 */
export function createDurableObjectInbox(options: DurableObjectInboxOptions): DeliveryInbox {
  assertKnownOptions('createDurableObjectInbox', options ?? {}, ['namespace'])
  const namespace = assertNamespace(options?.namespace)

  return {
    async once({ key, leaseMs, retentionMs, answered }, work) {
      const token = crypto.randomUUID()
      const run = (step: Step): Promise<StepResult> => runStep(namespace, key, step)
      const lease = startLease(leaseMs)
      try {
        // One retry at most: the response waits for the claim.
        const claim = await retry(
          () => run({ do: 'claim', token, leaseMs, retentionMs }),
          () => 0,
        )
        if (claim !== 'claimed') return claim === 'done' ? 'duplicate' : 'in_progress'
        try {
          assertInTime(lease.signal, answered)
          await work(undefined, lease.signal).finally(lease.end)
        } catch (error) {
          if (!(error instanceof DiscardEvent)) {
            // The error of the work is what matters; a claim that cannot be released runs out.
            await run({ do: 'release', token }).catch(() => undefined)
            throw error
          }
        }
        // Without its mark, finished work runs again: worth every attempt until the claim ends.
        const mark = await retry(() => run({ do: 'mark', token, retentionMs }), lease.remainingMs)
        if (mark === 'marked') return 'processed'
        const lost = new Error('The claim was lost before the mark: the handler has run, and may run again')
        lease.lose(lost)
        throw lost
      } finally {
        lease.end()
      }
    },
  }
}

/** A claim that was granted too late does not count. */
function assertInTime(lease: AbortSignal, answered: AbortSignal): void {
  lease.throwIfAborted()
  if (answered.aborted) throw new Error('The claim was granted after the response was decided: the work does not run.')
}

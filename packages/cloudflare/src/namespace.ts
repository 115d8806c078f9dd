import { KindeWebhookError } from '@kinde-billing/core'
import type { Step, StepResult } from './object.js'

/** The object of one delivery, as a binding reaches it. */
export interface InboxObject {
  /** Sends a request to the object. */
  fetch(
    url: string,
    init: { method: string; body: string },
  ): Promise<{
    /** False if the object failed. */
    readonly ok: boolean
    /** The status of the response. */
    readonly status: number
    /** Reads the response. */
    json(): Promise<unknown>
  }>
}

/** The binding of the class `KindeBillingInbox`: a `DurableObjectNamespace`. */
export interface InboxNamespace {
  /** Returns the object of a name, which is created when it is first called. */
  getByName(name: string): InboxObject
}

/** Sends a step to the object of a delivery. */
export async function runStep(namespace: InboxNamespace, key: string, step: Step): Promise<StepResult> {
  // A stub that has thrown stays broken: each step takes a new one.
  const response = await namespace
    .getByName(key)
    // The host is not looked up: the request goes to the object.
    .fetch('https://inbox/', { method: 'POST', body: JSON.stringify(step) })
  const result = response.ok ? await response.json() : undefined
  if (isStepResult(result)) return result
  throw new Error(`The Durable Object answered ${response.status} to "${step.do}": is its class KindeBillingInbox?`)
}

const RESULTS: Record<StepResult, true> = {
  claimed: true,
  done: true,
  in_progress: true,
  marked: true,
  released: true,
  lost: true,
}

function isStepResult(value: unknown): value is StepResult {
  return typeof value === 'string' && Object.hasOwn(RESULTS, value)
}

/** @throws KindeWebhookError `invalid_configuration` if the value is no binding of a Durable Object class */
export function assertNamespace(namespace: InboxNamespace | undefined): InboxNamespace {
  if (typeof namespace?.getByName === 'function') return namespace
  const fix =
    'Bind the class KindeBillingInbox under durable_objects in wrangler.jsonc, and pass that binding, such as env.KINDE_BILLING_INBOX'
  throw new KindeWebhookError(
    'invalid_configuration',
    namespace === undefined || namespace === null
      ? `namespace is ${namespace}: the binding is missing. ${fix}.`
      : `namespace has no getByName(). ${fix}. If it is that binding, update Wrangler.`,
  )
}

import type { DataSchemas } from '@kinde-billing/core'
import {
  type BillingLogDetails,
  type BillingReceiver,
  type BillingReceiverOptions,
  createBillingReceiver,
  type DeliveryBody,
  type DeliveryInbox,
  type DeliveryOutcome,
  type DeliveryRequest,
  type DeliveryResponse,
} from '@kinde-billing/core/receiver'
import { billingEventFixture, createTestIssuer, type TestIssuer } from '@kinde-billing/testing'

/** The type of the events that {@link signEvent} signs. */
export const TYPE = 'customer.payment_failed'

/** The issuer of every {@link createTestReceiver}. */
export const issuer: TestIssuer = await createTestIssuer()

/** An issuer that they do not know. */
export const stranger: TestIssuer = await createTestIssuer()

/** Signs an event. Each has an id of its own unless `overrides` has one. */
export const signEvent = (overrides: Record<string, unknown> = {}): Promise<string> =>
  issuer.sign(billingEventFixture(TYPE, overrides))

export interface LogLine {
  readonly level: 'warn' | 'error'
  readonly line: string
  readonly details: BillingLogDetails
}

export interface TestReceiver extends BillingReceiver<string, DataSchemas> {
  /** Every outcome, in order. */
  readonly outcomes: DeliveryOutcome<DataSchemas>[]
  /** Every log line, unless `log` is passed. */
  readonly lines: LogLine[]
  /** Receives a POST request with this body. */
  send(body: DeliveryBody, headers?: Record<string, string>): Promise<DeliveryResponse>
}

/** Creates a receiver that records its outcomes and log lines. Its `onEvent` does nothing unless one is passed. */
export function createTestReceiver<Tx = undefined>(
  options: BillingReceiverOptions<string, Tx, DataSchemas> = {},
): TestReceiver {
  const outcomes: DeliveryOutcome<DataSchemas>[] = []
  const lines: LogLine[] = []
  const receiver = createBillingReceiver<string, Tx, DataSchemas>({
    issuer: issuer.issuer,
    jwks: issuer.jwks,
    log: {
      warn: (line, details) => lines.push({ level: 'warn', line, details }),
      error: (line, details) => lines.push({ level: 'error', line, details }),
    },
    onOutcome: (outcome) => outcomes.push(outcome),
    onEvent: () => {},
    ...options,
  })
  return {
    ...receiver,
    outcomes,
    lines,
    send: (body, headers) => receiver.receive(createRequest(body, { headers })),
  }
}

/** Creates a request as an adapter does. */
export function createRequest(
  body: DeliveryBody,
  { headers, ...rest }: Partial<DeliveryRequest<string>> & { headers?: Record<string, string> | undefined } = {},
): DeliveryRequest<string> {
  return {
    method: 'POST',
    header: (name) => ({ 'content-type': 'application/jwt', ...headers })[name],
    body: () => body,
    context: 'context',
    ...rest,
  }
}

/** A body that arrives in parts. */
export async function* chunks(...parts: (Uint8Array | string)[]): AsyncGenerator<Uint8Array> {
  // A Node stream after setEncoding yields strings, which the types do not say.
  yield* parts as Uint8Array[]
}

/** An inbox that runs the work and marks nothing. `afterWork` is its mark. */
export function createPassingInbox(
  afterWork: () => Promise<'processed'> = async () => 'processed',
  lease: AbortSignal = new AbortController().signal,
): DeliveryInbox {
  return {
    async once(_delivery, work) {
      await work(undefined, lease)
      return afterWork()
    },
  }
}

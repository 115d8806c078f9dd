import type { BillingEvent, BillingWarning, KindeWebhookError, KindeWebhookIssue } from '@kinde-billing/core'
import { docsUrl } from '@kinde-billing/core/internal'
import { type BillingReceiverOptions, createBillingReceiver, type DeliveryOutcome } from '@kinde-billing/core/receiver'
import { FIXES } from './fixes.js'
import type { CapturedRequest } from './raw-http.js'

/** How to verify a captured delivery. */
export interface VerifyOptions {
  /** Kinde domain whose key set is used. */
  readonly issuer: string
  /** Verify as of this time. Default: now. */
  readonly at?: Date | undefined
  /** Refuse deliveries that are too old. Default: `true`. */
  readonly hasWindow?: boolean | undefined
  /** Fetches the key set. Default: the global `fetch`. */
  readonly fetch?: BillingReceiverOptions['fetch']
}

/** A receiver's decision about a delivery. */
export interface Verification {
  /** `true` if it is accepted: a billing event, or an authentic event of another type. */
  readonly ok: boolean
  /** `processed`, `unsupported`, or the error's code. */
  readonly outcome: string
  /** Status of the receiver's answer. */
  readonly status: number
  /** Body of the receiver's answer. */
  readonly answer: string
  /** The event, also if it is authentic and only its time is out of range. */
  readonly event: BillingEvent | undefined
  /** Type of an authentic event that is not a billing event. */
  readonly unsupportedType: string | undefined
  readonly problem: Problem | undefined
  readonly warnings: readonly string[]
}

/** Why a delivery is refused, and how to fix it. */
export interface Problem {
  readonly code: string
  readonly message: string
  readonly fix: string
  readonly issues: readonly KindeWebhookIssue[]
}

/**
 * Verifies a captured delivery as a receiver does, against the issuer's real key set.
 *
 * @throws KindeWebhookError `invalid_configuration` for a bad issuer. A refused delivery does not throw.
 */
export async function verifyCapture(request: CapturedRequest, options: VerifyOptions): Promise<Verification> {
  const warnings: BillingWarning[] = []
  const received = await receive(request, options, (warning) => warnings.push(warning))
  const { outcome, error } = received
  const isOld = outcome.outcome === 'timestamp_out_of_range'
  const event = isOld
    ? (await receive(request, { ...options, hasWindow: false }, () => {})).outcome.event
    : outcome.event
  return {
    ok: received.status === 200,
    outcome: outcome.outcome,
    status: received.status,
    answer: received.body,
    event,
    unsupportedType: outcome.outcome === 'unsupported' ? getType(error) : undefined,
    problem: received.status === 200 || error === undefined ? undefined : toProblem(error, event),
    warnings: warnings.map(({ code, message }) => `${message} ${docsUrl(code)}`),
  }
}

async function receive(
  { method, headers, body }: CapturedRequest,
  { issuer, at, hasWindow = true, fetch }: VerifyOptions,
  onWarning: (warning: BillingWarning) => void,
) {
  let seen: DeliveryOutcome | undefined
  const receiver = createBillingReceiver({
    issuer,
    fetch,
    ...(at === undefined ? {} : { now: () => at.getTime() }),
    ...(hasWindow ? {} : { replayWindowMs: false as const, clockToleranceMs: Number.MAX_VALUE }),
    inbox: false,
    log: false,
    onEvent: () => {},
    onWarning,
    onOutcome: (outcome) => {
      seen = outcome
    },
  })
  const header = (name: string): string | undefined => headers[name]
  const response = await receiver.receive({ method, header, body: () => body, context: undefined })
  if (seen === undefined) throw new Error('The receiver answered without an outcome.')
  return { ...response, outcome: seen, error: seen.error }
}

function getType(error: KindeWebhookError | undefined): string | undefined {
  return error !== undefined && 'type' in error ? String(error.type) : undefined
}

function toProblem(error: KindeWebhookError, event: BillingEvent | undefined): Problem {
  const { code, message, issues } = error
  const isOld = code === 'timestamp_out_of_range' && event !== undefined
  return { code, message, issues, fix: isOld ? fixForAge(event) : FIXES[code] }
}

/** An old capture is the usual case and looks like an attack, so it gets a longer explanation. */
function fixForAge(event: BillingEvent): string {
  const at = event.timestamp.toISOString()
  return `The delivery is authentic: the signature is good, and it is an event. Only its age is wrong. Kinde retries for 36 h and disables an endpoint at 72 h, so a receiver treats anything older as a replay, including every capture after three days. Pass --at ${at} to verify it as of that time, or --no-window. If it was refused on the day it was sent, correct the clock of that machine.`
}

import type { BillingEvent, BillingWarning, KindeWebhookError, KindeWebhookIssue } from '@kinde-billing/core'
import { type BillingReceiverOptions, createBillingReceiver, type DeliveryOutcome } from '@kinde-billing/core/receiver'
import type { CapturedRequest } from './captured-request.js'
import { MENDS } from './fixes.js'

/** How a captured delivery is to be judged. */
export interface VerifyOptions {
  /** The Kinde domain whose key set decides. */
  readonly issuer: string
  /** Judge it as at this time. Default: now. */
  readonly at?: Date | undefined
  /** Whether its age matters. Default: `true`. */
  readonly hasWindow?: boolean | undefined
  /** Fetches the key set. Default: the global `fetch`. */
  readonly fetch?: BillingReceiverOptions['fetch']
}

/** What a receiver makes of a delivery. */
export interface Verification {
  /** Whether it is accepted: an event, or an authentic event of another type. */
  readonly ok: boolean
  /** `processed`, `unsupported`, or the error's code. */
  readonly outcome: string
  /** The status and body that a receiver answers with. */
  readonly status: number
  readonly answer: string
  /** The event; also where it is authentic and only its time is out of range. */
  readonly event: BillingEvent | undefined
  /** The type of an authentic event that is not one of the eight. */
  readonly unsupportedType: string | undefined
  /** What is wrong, with the mend. */
  readonly problem: Problem | undefined
  /** What an operator should know besides. */
  readonly warnings: readonly string[]
}

export interface Problem {
  readonly code: string
  readonly message: string
  readonly mend: string
  readonly issues: readonly KindeWebhookIssue[]
}

/**
 * Judges a captured delivery as a receiver does, against the issuer's real key set.
 *
 * @throws KindeWebhookError `invalid_configuration` for a bad issuer; a refused delivery is a result
 */
export async function verifyCapture(request: CapturedRequest, options: VerifyOptions): Promise<Verification> {
  const warnings: BillingWarning[] = []
  const verdict = await receive(request, options, (warning) => warnings.push(warning))
  const { outcome, error } = verdict
  const isOld = outcome.outcome === 'timestamp_out_of_range'
  const event = isOld
    ? (await receive(request, { ...options, hasWindow: false }, () => {})).outcome.event
    : outcome.event
  return {
    ok: verdict.status === 200,
    outcome: outcome.outcome,
    status: verdict.status,
    answer: verdict.body,
    event,
    unsupportedType: outcome.outcome === 'unsupported' ? typeOf(error) : undefined,
    problem: verdict.status === 200 || error === undefined ? undefined : problemOf(error, event),
    warnings: warnings.map(({ message }) => message),
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
    onEvent: () => {},
    onWarning,
    onOutcome: (outcome) => {
      seen = outcome
    },
  })
  const header = (name: string): string | undefined => headers[name]
  const response = await receiver.receive({ method, header, body: () => body, context: undefined })
  if (seen === undefined) throw new Error('The receiver has answered without an outcome.')
  return { ...response, outcome: seen, error: seen.error }
}

function typeOf(error: KindeWebhookError | undefined): string | undefined {
  return error !== undefined && 'type' in error ? String(error.type) : undefined
}

function problemOf(error: KindeWebhookError, event: BillingEvent | undefined): Problem {
  const { code, message, issues } = error
  return { code, message, issues, mend: code === 'timestamp_out_of_range' ? mendOfAge(event) : MENDS[code] }
}

/** An old capture is the normal case, and looks like an attack: it needs more words than the others. */
function mendOfAge(event: BillingEvent | undefined): string {
  if (event === undefined) return MENDS.timestamp_out_of_range
  const at = event.timestamp.toISOString()
  return `The delivery is authentic: the signature is good, and it is an event. Only its age is wrong. Kinde tries for 36 h and disables an endpoint at 72 h, so a receiver takes what is older for a replay; a capture ends like this after three days. Look at it with --at ${at}, which verifies as at that time, or with --no-window. If it was refused on the day it was sent, set the clock of that machine.`
}

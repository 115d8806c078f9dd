import type { CapturedRequest } from '../verify/raw-http.js'

/** Result of verifying a request. */
export interface Verdict {
  /** Status of the answer to the sender, unless an application answers. */
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  readonly body: string
  /** `processed`, `unsupported`, or an error's code. */
  readonly outcome: string
  /** `true` if the signature was checked and is good. */
  readonly isVerified: boolean
  /** Claims of an accepted delivery. */
  readonly claims: { readonly [claim: string]: unknown } | undefined
  /** Why it is refused. Contains nothing of the token. */
  readonly problem: string | undefined
}

/** Answer of the application to a forwarded delivery. */
export interface ForwardedAnswer {
  readonly status: number | undefined
  /** `processed` and the like, or the reason for a missing answer. */
  readonly answer: string
  readonly durationMs: number
}

/** A delivery as `listen` shows it. */
export interface ListenedDelivery {
  /** Number of the delivery, from 1. */
  readonly id: number
  readonly receivedAt: string
  readonly type: string | undefined
  readonly eventId: string | undefined
  readonly customer: string | undefined
  readonly isVerified: boolean
  readonly outcome: string
  /** Status that the sender received. */
  readonly status: number
  readonly problem: string | undefined
  /** `undefined` without `--forward-to`. */
  readonly forwarded: ForwardedAnswer | undefined
  /** Path of the fixture. */
  readonly file: string | undefined
  /** Members of the event that are filled, such as `customer.id`. */
  readonly filled: readonly string[]
}

/** A delivery with what is needed to send it again. */
export interface RecordedDelivery extends ListenedDelivery {
  readonly request: CapturedRequest
}

import type { DataSchemas, NoSchemas } from '../data-schemas.js'
import { KindeWebhookError, type KindeWebhookErrorCode, type UnsupportedEventError } from '../errors.js'
import type { BillingEventType } from '../event-types.js'
import type { BillingEvent, BillingEventOf } from '../events.js'
import { isJsonObject } from '../json.js'
import {
  type BillingVerifierOptions,
  judgeEventType,
  judgeFunction,
  judgeIssuer,
  judgeNumber,
  judgeTimer,
  judgeVerifierOptions,
  misconfigured,
  type VerifierSettings,
} from '../settings.js'
import type { DeliveryInbox, DiscardEvent } from './inbox.js'
import { createMemoryInbox } from './memory-inbox.js'
import type { Delivery, HandlerDelivery } from './request.js'

/** What became of a delivery: handled, or the code of the error. */
export interface DeliveryOutcome<Schemas extends DataSchemas = NoSchemas> {
  /** What was done, or the code of the error. */
  readonly outcome: 'processed' | 'duplicate' | 'ignored' | 'unsupported' | 'discarded' | KindeWebhookErrorCode
  /** The HTTP status of the answer. */
  readonly status: number
  /** The verified event, also where its handler failed. */
  readonly event?: BillingEvent<Schemas> | undefined
  /** What was wrong; for `unsupported` the error that carries the event of another type. */
  readonly error?: KindeWebhookError | undefined
  /** What a handler threw to have the event discarded. */
  readonly discarded?: DiscardEvent | undefined
  /** From the request to the answer, in milliseconds. */
  readonly durationMs: number
}

/** A handler of one or all event types. What it returns means nothing; what it throws makes Kinde try again. */
export type BillingHandler<Event, Context, Tx> = (event: Event, delivery: HandlerDelivery<Context, Tx>) => unknown

/** A handler per event type, each with its event narrowed. */
export type BillingHandlers<Context, Tx, Schemas extends DataSchemas = NoSchemas> = {
  readonly [Type in BillingEventType]?: BillingHandler<BillingEventOf<Type, Schemas>, Context, Tx> | undefined
}

/** The options of {@link createBillingReceiver} but for the inbox: the verifier's, handlers, hooks and time limits. */
export interface ReceiverOptions<Context, Tx, Schemas extends DataSchemas>
  extends Omit<BillingVerifierOptions<Schemas>, 'issuer'> {
  /**
   * Your Kinde domain. Default: the environment's `KINDE_ISSUER_URL`. A function where settings live in the request
   * (Workers' bindings, several tenants): synchronous, and a look-up in your own list, for an issuer that is built from
   * the request accepts anybody's Kinde account. `jwks` and `jwksUri` are refused beside a function.
   */
  issuer?: string | ((context: Context) => string) | undefined
  /** A handler per event type. An event without one is acknowledged as `ignored`. */
  on?: BillingHandlers<Context, Tx, Schemas> | undefined
  /** Every one of the eight, before its own handler. Both are one unit of work: where one throws, both run again. */
  onEvent?: BillingHandler<BillingEvent<Schemas>, Context, Tx> | undefined
  /**
   * A verified event of another type. A handler like the others, under the inbox, where its `event_id` and `timestamp` are
   * good and inside the window; otherwise it is only acknowledged.
   */
  onOtherEvent?: BillingHandler<UnsupportedEventError, Context, Tx> | undefined
  /**
   * Once per request, after the answer is decided. What it returns is ignored, what it throws costs a line in the log.
   * Without it, failures are written to `console.error`, at most one line a minute and code.
   */
  onOutcome?: ((outcome: DeliveryOutcome<Schemas>, delivery: Delivery<Context>) => unknown) | undefined
  /**
   * How long an event is remembered as done, in milliseconds. Default: 7 days. Never less than `replayWindowMs` and
   * `clockToleranceMs` together: inside the window a replay would run again. With `replayWindowMs: false`, one that comes
   * after this time does.
   */
  retentionMs?: number | undefined
  /** How long the body may take, in milliseconds. Default: 10 s. */
  bodyTimeoutMs?: number | undefined
  /** How long the handlers may take, in milliseconds: then the answer is 503, and `delivery.signal` fires. Default: 25 s. */
  handlerTimeoutMs?: number | undefined
  /** How long the inbox may take before the work, and again at the mark, in milliseconds. Default: 5 s. */
  inboxTimeoutMs?: number | undefined
}

/** An inbox of the application's choice, which several endpoints may share. */
export interface OwnInbox<Context, Tx> {
  /** Where deliveries are claimed and marked; a function where bindings live in the request. */
  inbox: DeliveryInbox<Tx> | ((context: Context) => DeliveryInbox<Tx>)
  /** The endpoint's name, 1 to 64 of letters, digits, `.`, `_` and `-`: endpoints that share an inbox each run an event once. */
  name: string
}

/** The inbox where none is given. */
export interface DefaultInbox {
  /** Default: in memory, for one process. `false`: none, and every attempt runs. */
  inbox?: false | undefined
  /** The endpoint's name. Default: `default`. */
  name?: string | undefined
}

/** The options of {@link createBillingReceiver}. Each is judged when the receiver is created. */
export type BillingReceiverOptions<
  Context = unknown,
  Tx = undefined,
  Schemas extends DataSchemas = NoSchemas,
> = ReceiverOptions<Context, Tx, Schemas> & (OwnInbox<Context, Tx> | DefaultInbox)

/** Judged options with defaults filled in. */
export interface ReceiverSettings<Context, Tx, Schemas extends DataSchemas> {
  readonly verifier: VerifierSettings
  readonly issuer: string | ((context: Context) => string)
  readonly on: BillingHandlers<Context, Tx, Schemas>
  readonly inbox: DeliveryInbox<Tx> | ((context: Context) => DeliveryInbox<Tx>)
  readonly name: string
  readonly leaseMs: number
  readonly retentionMs: number
  readonly bodyTimeoutMs: number
  readonly handlerTimeoutMs: number
  readonly inboxTimeoutMs: number
}

const DAY_MS = 86_400_000
const MIN_LEASE_MS = 60_000

export function judgeReceiverOptions<Context, Tx, Schemas extends DataSchemas>(
  options: BillingReceiverOptions<Context, Tx, Schemas>,
): ReceiverSettings<Context, Tx, Schemas> {
  const verifier = judgeVerifierOptions(options)
  const handlerTimeoutMs = judgeTimer('handlerTimeoutMs', options.handlerTimeoutMs, 25_000)
  const inboxTimeoutMs = judgeTimer('inboxTimeoutMs', options.inboxTimeoutMs, 5000)
  const retentionMs = judgeNumber('retentionMs', options.retentionMs, 7 * DAY_MS)
  const windowMs = verifier.replayWindowMs === false ? 0 : verifier.replayWindowMs + verifier.clockToleranceMs
  const { onEvent, onOtherEvent, onOutcome } = options
  for (const [name, hook] of Object.entries({ onEvent, onOtherEvent, onOutcome })) judgeFunction(name, hook)
  return {
    verifier,
    issuer: judgeReceiverIssuer(options),
    on: judgeHandlers(options.on ?? {}),
    inbox: judgeInbox(options, verifier),
    name: judgeName(options),
    leaseMs: Math.max(MIN_LEASE_MS, handlerTimeoutMs + 2 * inboxTimeoutMs),
    retentionMs: Math.max(retentionMs, windowMs),
    bodyTimeoutMs: judgeTimer('bodyTimeoutMs', options.bodyTimeoutMs, 10_000),
    handlerTimeoutMs,
    inboxTimeoutMs,
  }
}

function judgeReceiverIssuer<Context>({
  issuer,
  jwks,
  jwksUri,
}: Pick<ReceiverOptions<Context, never, DataSchemas>, 'issuer' | 'jwks' | 'jwksUri'>):
  | string
  | ((context: Context) => string) {
  if (issuer === undefined) return judgeEnvironmentIssuer()
  if (typeof issuer !== 'function') return judgeIssuer(issuer)
  if (jwks !== undefined || jwksUri !== undefined)
    throw new KindeWebhookError(
      'invalid_configuration',
      'issuer is a function, and jwks or jwksUri is given: tokens name no issuer, so every tenant would be accepted by these keys. Leave jwks and jwksUri out.',
    )
  return issuer
}

function judgeEnvironmentIssuer(): string {
  const { process } = globalThis as { process?: { env?: { KINDE_ISSUER_URL?: string } } }
  const issuer = process?.env?.KINDE_ISSUER_URL
  if (issuer !== undefined) return judgeIssuer(issuer, 'KINDE_ISSUER_URL')
  throw new KindeWebhookError(
    'invalid_configuration',
    'No issuer is given: set KINDE_ISSUER_URL in the environment, or pass issuer, such as https://acme.kinde.com.',
  )
}

function judgeHandlers<Handlers extends object>(on: Handlers): Handlers {
  if (!isJsonObject(on)) throw misconfigured('on', on, 'pass an object, with a handler per event type')
  for (const [type, handler] of Object.entries(on)) {
    judgeEventType('on', type)
    judgeFunction(`on['${type}']`, handler)
  }
  return on
}

function judgeInbox<Context, Tx>(
  { inbox }: OwnInbox<Context, Tx> | DefaultInbox,
  { now, onWarning }: VerifierSettings,
): ReceiverSettings<Context, Tx, DataSchemas>['inbox'] {
  if (inbox === undefined) return withoutTx(createMemoryInbox({ now, onWarning }))
  if (inbox === false) return withoutTx(EVERY_ATTEMPT)
  if (typeof inbox === 'function' || isInbox(inbox)) return inbox
  throw misconfigured('inbox', inbox, 'pass an inbox, such as createMemoryInbox(), or false for none')
}

export function isInbox(value: unknown): boolean {
  return isJsonObject(value) && typeof value['once'] === 'function'
}

/** No inbox: every attempt runs. */
const EVERY_ATTEMPT: DeliveryInbox = {
  async once(_delivery, work) {
    await work(undefined, new AbortController().signal)
    return 'processed'
  },
}

/** Where no inbox of the application's is given, `Tx` is inferred as its default, `undefined`. */
function withoutTx<Tx>(inbox: DeliveryInbox): DeliveryInbox<Tx> {
  return inbox as DeliveryInbox<Tx>
}

const NAME = /^[\w.-]{1,64}$/

function judgeName({ name, inbox }: { name?: unknown; inbox?: unknown }): string {
  if (name === undefined && (inbox === undefined || inbox === false)) return 'default'
  if (typeof name === 'string' && NAME.test(name)) return name
  throw misconfigured(
    'name',
    name,
    "an inbox given needs the endpoint's name, 1 to 64 letters, digits, dots, underscores or hyphens: endpoints that share an inbox each run an event once",
  )
}

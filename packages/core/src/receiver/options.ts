import { KindeWebhookError, type KindeWebhookErrorCode } from '../errors.js'
import type { BillingEventType, OtherEvent } from '../event-types.js'
import type { BillingEvent, BillingEventOf } from '../events.js'
import { type BillingLog, createLogLimit, type ShouldLog, toLog } from '../log.js'
import {
  type BillingVerifierOptions,
  resolveVerifierOptions,
  VERIFIER_OPTIONS,
  type VerifierSettings,
} from '../options.js'
import type { DataSchemas, NoSchemas } from '../standard-schema.js'
import {
  assertEventTypeKeys,
  assertFunction,
  assertKnownOptions,
  assertMethods,
  assertObject,
  invalidConfiguration,
  parseIssuer,
  parseNumber,
  parseTimer,
} from '../validate.js'
import type { DeliveryInbox, DiscardEvent } from './inbox.js'
import { createMemoryInbox, type MemoryInboxOptions } from './memory-inbox.js'
import type { Delivery, HandlerDelivery } from './request.js'

/** The outcome of a delivery. */
export interface DeliveryOutcome<Schemas extends DataSchemas = NoSchemas> {
  /** The result, or the code of the error. */
  readonly outcome: 'processed' | 'duplicate' | 'ignored' | 'unsupported' | 'discarded' | KindeWebhookErrorCode
  /** The HTTP status of the response. */
  readonly status: number
  /** Kinde's `event_id`, if an event was verified. */
  readonly eventId?: string | undefined
  /** The event type, if an event was verified. */
  readonly type?: string | undefined
  /** The verified billing event, also if its handler failed. */
  readonly event?: BillingEvent<Schemas> | undefined
  /** The verified event of another type, if `onOtherEvent` was called with it. */
  readonly otherEvent?: OtherEvent | undefined
  /** The error; for `unsupported` an `UnsupportedEventError`. */
  readonly error?: KindeWebhookError | undefined
  /** The error with which a handler discarded the event. */
  readonly discarded?: DiscardEvent | undefined
  /** From the request to the response, in milliseconds. */
  readonly durationMs: number
}

/** A handler. Its return value is ignored. If it throws, Kinde tries again. */
export type BillingHandler<Event, Context, Tx> = (event: Event, delivery: HandlerDelivery<Context, Tx>) => unknown

/** A handler per event type, each with its event narrowed. */
export type BillingHandlers<Context, Tx, Schemas extends DataSchemas = NoSchemas> = {
  readonly [Type in BillingEventType]?: BillingHandler<BillingEventOf<Type, Schemas>, Context, Tx> | undefined
}

/** The options of {@link createBillingReceiver} except for the inbox. */
export interface ReceiverOptions<Context, Tx, Schemas extends DataSchemas>
  extends Omit<BillingVerifierOptions<Schemas>, 'issuer'> {
  /**
   * Your Kinde domain. Default: the environment variable `KINDE_ISSUER_URL`. Pass a function if settings live in the
   * request (Workers' bindings, several tenants): synchronous, and a look-up in your own list, because an issuer that is
   * built from the request accepts anyone's Kinde account. `jwks` and `jwksUri` are refused together with a function.
   */
  issuer?: string | ((context: Context) => string) | undefined
  /** A handler per event type. Events without one are acknowledged as `ignored`. `{}`: all are, on purpose. */
  on?: BillingHandlers<Context, Tx, Schemas> | undefined
  /** Called with every billing event, before its own handler. Both are one unit of work: if one throws, both run again. */
  onEvent?: BillingHandler<BillingEvent<Schemas>, Context, Tx> | undefined
  /**
   * Called with a verified event of another type, such as `user.created`, under the inbox like any handler. Events with an
   * incomplete envelope or outside the window are only acknowledged, as all are without this handler.
   */
  onOtherEvent?: BillingHandler<OtherEvent, Context, Tx> | undefined
  /**
   * Called once per request, after the response is decided. Its return value is ignored, and if it throws, one line is
   * logged. It does not replace the log.
   */
  onOutcome?: ((outcome: DeliveryOutcome<Schemas>, delivery: Delivery<Context>) => unknown) | undefined
  /** The log of failures and warnings; `false`: none. Default: the framework's log, or `console`. */
  log?: BillingLog | false | undefined
  /**
   * How long an event is remembered as done, in milliseconds. Default: 7 days. Never less than `replayWindowMs` and
   * `clockToleranceMs` together, because a replay inside the window would run again. With `replayWindowMs: false`, one
   * that comes later does.
   */
  retentionMs?: number | undefined
  /** The time limit of the body, in milliseconds. Default: 10 s. */
  bodyTimeoutMs?: number | undefined
  /** The time limit of the handlers, in milliseconds: then the response is 503, and `delivery.signal` is aborted. Default: 25 s. */
  handlerTimeoutMs?: number | undefined
  /** The time limit of the inbox before the work, and again at the mark, in milliseconds. Default: 5 s. */
  inboxTimeoutMs?: number | undefined
}

/** An inbox of your choice, which several endpoints may share. */
export interface OwnInbox<Context, Tx> {
  /** The inbox, or a function if bindings live in the request. */
  inbox: DeliveryInbox<Tx> | ((context: Context) => DeliveryInbox<Tx>)
  /** The endpoint's name: 1 to 64 letters, digits, `.`, `_` and `-`. Endpoints that share an inbox stay separate by it. */
  name: string
}

/** The inbox if you pass none. */
export interface DefaultInbox {
  /** Default: in memory, for one process. `false`: none, and every attempt runs. */
  inbox?: false | undefined
  /** The endpoint's name. Default: `default`. */
  name?: string | undefined
}

/** The options of {@link createBillingReceiver}, validated when the receiver is created. Unknown options are refused. */
export type BillingReceiverOptions<
  Context = unknown,
  Tx = undefined,
  Schemas extends DataSchemas = NoSchemas,
> = ReceiverOptions<Context, Tx, Schemas> & (OwnInbox<Context, Tx> | DefaultInbox)

/** The options besides the verifier's, by name. `core.test-d.ts` compares them with the types. */
export const RECEIVER_OPTIONS =
  'on onEvent onOtherEvent onOutcome log inbox name retentionMs bodyTimeoutMs handlerTimeoutMs inboxTimeoutMs'

/** Resolved options. */
export interface ReceiverSettings<Context, Tx> {
  readonly verifier: VerifierSettings
  readonly issuer: string | ((context: Context) => string)
  readonly inbox: DeliveryInbox<Tx> | ((context: Context) => DeliveryInbox<Tx>)
  readonly name: string
  /** `undefined`: the framework's, or the console. */
  readonly log: BillingLog | undefined
  readonly shouldLog: ShouldLog
  readonly leaseMs: number
  readonly retentionMs: number
  readonly bodyTimeoutMs: number
  readonly handlerTimeoutMs: number
  readonly inboxTimeoutMs: number
}

const DAY_MS = 86_400_000
const MIN_LEASE_MS = 60_000

/**
 * Validates options and fills in defaults.
 *
 * @throws KindeWebhookError `invalid_configuration`
 */
export function resolveReceiverOptions<Context, Tx, Schemas extends DataSchemas>(
  options: BillingReceiverOptions<Context, Tx, Schemas>,
): ReceiverSettings<Context, Tx> {
  assertObject('options', options, "pass an object, such as { issuer: 'https://acme.kinde.com', onEvent }")
  assertKnownOptions('The receiver', options, `${RECEIVER_OPTIONS} ${VERIFIER_OPTIONS}`.split(' '))
  const log = toLog(options.log)
  if (log === undefined && options.log !== undefined)
    throw invalidConfiguration(
      'log',
      options.log,
      'pass { warn(line, details), error(line, details) }, or false for none',
    )
  const shouldLog = createLogLimit()
  const verifier = resolveVerifierOptions(options, log, shouldLog)
  const handlerTimeoutMs = parseTimer('handlerTimeoutMs', options.handlerTimeoutMs, 25_000)
  const inboxTimeoutMs = parseTimer('inboxTimeoutMs', options.inboxTimeoutMs, 5000)
  const retentionMs = parseNumber('retentionMs', options.retentionMs, 7 * DAY_MS)
  const windowMs = verifier.replayWindowMs === false ? 0 : verifier.replayWindowMs + verifier.clockToleranceMs
  const settings = {
    verifier,
    issuer: resolveIssuer(options),
    inbox: resolveInbox(options.inbox, { now: options.now, onWarning: verifier.onWarning }),
    name: resolveName(options),
    log,
    shouldLog,
    leaseMs: Math.max(MIN_LEASE_MS, handlerTimeoutMs + 2 * inboxTimeoutMs),
    retentionMs: Math.max(retentionMs, windowMs),
    bodyTimeoutMs: parseTimer('bodyTimeoutMs', options.bodyTimeoutMs, 10_000),
    handlerTimeoutMs,
    inboxTimeoutMs,
  }
  // Last, so that a wrong value is named first.
  assertHandlers(options)
  return settings
}

/** Without any handler every event would be acknowledged and lost. */
function assertHandlers<Context, Tx, Schemas extends DataSchemas>(
  options: ReceiverOptions<Context, Tx, Schemas>,
): void {
  const { on, onEvent, onOtherEvent, onOutcome } = options
  for (const [name, handler] of Object.entries({ onEvent, onOtherEvent, onOutcome })) assertFunction(name, handler)
  if (on !== undefined) assertEventTypeKeys('on', on, 'pass an object, with a handler per event type')
  for (const [type, handler] of Object.entries(on ?? {})) assertFunction(`on['${type}']`, handler)
  // A handler that could not be imported is undefined. Only {} is on purpose.
  const isOnPurpose = on !== undefined && Object.keys(on).length === 0
  const handlers = [onEvent, onOtherEvent, ...Object.values(on ?? {})]
  if (!isOnPurpose && handlers.every((handler) => handler === undefined))
    throw new KindeWebhookError(
      'invalid_configuration',
      'No handler is set, so every event would be acknowledged and lost. Pass on, onEvent or onOtherEvent, or on: {} to acknowledge everything on purpose.',
    )
}

function resolveIssuer<Context>(
  options: Pick<ReceiverOptions<Context, never, DataSchemas>, 'issuer' | 'jwks' | 'jwksUri'>,
): ReceiverSettings<Context, never>['issuer'] {
  const { issuer, jwks, jwksUri } = options
  if (issuer === undefined) return readEnvironmentIssuer()
  if (typeof issuer !== 'function') return parseIssuer(issuer)
  if (jwks !== undefined || jwksUri !== undefined)
    throw new KindeWebhookError(
      'invalid_configuration',
      'issuer is a function, and jwks or jwksUri is set: tokens name no issuer, so these keys would accept every tenant. Leave jwks and jwksUri out.',
    )
  return issuer
}

function readEnvironmentIssuer(): string {
  const { process } = globalThis as { process?: { env?: { KINDE_ISSUER_URL?: string } } }
  const issuer = process?.env?.KINDE_ISSUER_URL
  if (issuer !== undefined) return parseIssuer(issuer, 'KINDE_ISSUER_URL')
  throw new KindeWebhookError(
    'invalid_configuration',
    'No issuer is set: set KINDE_ISSUER_URL in the environment, or pass issuer, such as https://acme.kinde.com.',
  )
}

function resolveInbox<Context, Tx>(
  inbox: (OwnInbox<Context, Tx> | DefaultInbox)['inbox'],
  memoryOptions: MemoryInboxOptions,
): ReceiverSettings<Context, Tx>['inbox'] {
  // If no inbox is passed, `Tx` is inferred as its default, `undefined`.
  if (inbox === undefined) return createMemoryInbox(memoryOptions) as DeliveryInbox<Tx>
  if (inbox === false) return NO_INBOX as DeliveryInbox<Tx>
  if (typeof inbox !== 'function')
    assertMethods('inbox', inbox, ['once'], 'pass an inbox, such as createMemoryInbox(), or false for none')
  return inbox
}

/** Every attempt runs. */
const NO_INBOX: DeliveryInbox = {
  async once(_delivery, work) {
    await work(undefined, new AbortController().signal)
    return 'processed'
  },
}

/** The inbox of a request. */
export function getInbox<Context, Tx>({ inbox }: ReceiverSettings<Context, Tx>, context: Context): DeliveryInbox<Tx> {
  if (typeof inbox !== 'function') return inbox
  const requested = callOptionFunction('inbox', () => inbox(context))
  assertMethods('inbox', requested, ['once'], 'the function must return an inbox, synchronously')
  return requested
}

/** Calls a function that the application passed in place of a value. */
export function callOptionFunction<Value>(name: string, call: () => Value): Value {
  try {
    const value = call()
    // A promise is refused by the caller. If it rejects, that must not end the process.
    Promise.resolve(value).catch(() => {})
    return value
  } catch (cause) {
    throw new KindeWebhookError(
      'invalid_configuration',
      `The ${name} function threw. It must return the ${name} of the request, synchronously.`,
      { cause },
    )
  }
}

const NAME = /^[\w.-]{1,64}$/

function resolveName({ name, inbox }: { name?: unknown; inbox?: unknown }): string {
  if (name === undefined && (inbox === undefined || inbox === false)) return 'default'
  if (typeof name === 'string' && NAME.test(name)) return name
  throw invalidConfiguration(
    'name',
    name,
    'name is required with inbox, so that endpoints sharing it stay separate: 1 to 64 letters, digits, dots, underscores or hyphens',
  )
}

import { errorMessage, safely } from './format.js'
import { isJsonObject } from './json.js'

/** Something an operator should know. Deliveries continue. */
export interface BillingWarning {
  /** Stable, meant for programs. */
  readonly code: 'stale_keys' | 'customer_not_found' | 'inbox_entry_evicted' | 'handler_finished_late'
  /** The observation, and the fix. */
  readonly message: string
}

/** Called with each warning. */
export type OnWarning = (warning: BillingWarning) => void

/** The facts of a log line, safe to serialize: no token, no claim and no query parameter is in them. */
export interface BillingLogDetails {
  /** The outcome, warning or error code. */
  readonly code: string
  /** The HTTP status of the response, if there was one. */
  readonly status?: number | undefined
  /** Kinde's `event_id`, if the event was verified. */
  readonly eventId?: string | undefined
  /** The event type, if the event was verified. */
  readonly type?: string | undefined
  /** The stack of what a handler threw, without its message. */
  readonly stack?: string | undefined
}

/** The log that a receiver writes to. `console` fits, and so does a small wrapper of any logger. */
export interface BillingLog {
  /** Writes a warning. `line` is complete in itself; `details` holds the same facts for structured logs. */
  warn(line: string, details: BillingLogDetails): void
  /** Writes a failure. */
  error(line: string, details: BillingLogDetails): void
}

export const consoleLog: BillingLog = {
  warn: (line) => print('warn', line),
  error: (line, { stack = '' }) => print('error', stack === '' ? line : `${line}\n${stack}`),
}

/** Test suites replace the console with one that throws, and a delivery must not fail with it. */
function print(level: keyof BillingLog, text: string): void {
  safely(() => console[level](text), undefined)
}

/** The log of an option or a framework; `false` is a silent one. `undefined` if the value is not a log. */
export function toLog(value: unknown): BillingLog | undefined {
  if (value === false) return { warn() {}, error() {} }
  if (!isLog(value)) return undefined
  const write = async (level: keyof BillingLog, line: string, details: BillingLogDetails): Promise<void> => {
    try {
      await value[level](line, details)
    } catch {
      // The delivery is not affected.
      consoleLog[level](line, details)
    }
  }
  return {
    warn: (line, details) => void write('warn', line, details),
    error: (line, details) => void write('error', line, details),
  }
}

function isLog(value: unknown): value is BillingLog {
  return isJsonObject(value) && typeof value['warn'] === 'function' && typeof value['error'] === 'function'
}

/**
 * The link of an anchor on the documentation site. What is logged or printed about a code ends with it.
 *
 * @param anchor - The code, such as `handler_failed`.
 * @param page - The page that explains it. Default: `errors`.
 */
export const docsUrl = (anchor: string, page: string = 'errors'): string =>
  `https://kinde-billing.github.io/kinde-billing/${page}#${anchor}`

const REPEAT_MS = 60_000
const MAX_TOPICS = 1000

/** Returns true if a line about the topic may be logged now. */
export type ShouldLog = (topic: string) => boolean

/**
 * Creates a limit of one line a minute per topic, so that a flood of forgeries does not fill the disk. For unverified
 * requests the topic must not hold anything the sender can choose.
 */
export function createLogLimit(): ShouldLog {
  const lastLoggedAt = new Map<string, number>()
  return (topic) => {
    const now = Date.now()
    const last = lastLoggedAt.get(topic)
    if (last !== undefined && Math.abs(now - last) < REPEAT_MS) return false
    lastLoggedAt.delete(topic)
    lastLoggedAt.set(topic, now)
    const [oldest] = lastLoggedAt.size > MAX_TOPICS ? lastLoggedAt.keys() : []
    if (oldest !== undefined) lastLoggedAt.delete(oldest)
    return true
  }
}

/** The limit of everything but a receiver, which has its own: `verifyAndParse` creates a verifier per call. */
const processLimit = createLogLimit()

/** The application's `onWarning`, guarded by {@link notify}; by default one line a minute per code. */
export function toOnWarning(
  onWarning: OnWarning | undefined,
  log: BillingLog = consoleLog,
  shouldLog: ShouldLog = processLimit,
): OnWarning {
  return (warning) => {
    const { code, message } = warning
    if (onWarning !== undefined) notify('onWarning', () => onWarning(warning), log, shouldLog)
    else if (shouldLog(code)) log.warn(`[kinde-billing] ${code}: ${message} ${docsUrl(code)}`, { code })
  }
}

/**
 * Calls an observing function of the application, such as `onOutcome`. If it throws or rejects, one line is logged and the
 * delivery is not affected. Resolves when a promise that it returns has settled.
 */
export async function notify(
  name: string,
  observe: () => unknown,
  log: BillingLog,
  shouldLog: ShouldLog,
): Promise<void> {
  try {
    await observe()
  } catch (error) {
    const message = errorMessage(error)
    if (shouldLog(`${name} ${message}`))
      log.error(`[kinde-billing] ${name} threw: ${message}. The delivery is not affected.`, { code: `${name}_failed` })
  }
}

import type { DataSchemas, NoSchemas } from '../data-schemas.js'
import { KindeWebhookError } from '../errors.js'
import { judgeIssuer, misconfigured } from '../settings.js'
import { type BillingVerifier, openVerifier } from '../verifier.js'
import type { DeliveryInbox } from './inbox.js'
import { isInbox, type ReceiverSettings } from './options.js'

const MAX_VERIFIERS = 100

/** One verifier per issuer, however many requests: where the issuer is a function, the last hundred are kept. */
export function verifiers<Context, Schemas extends DataSchemas>(
  settings: Pick<ReceiverSettings<Context, unknown, Schemas>, 'issuer' | 'verifier'>,
): (context: Context) => { issuer: string; verifier: BillingVerifier<Schemas> } {
  const { issuer, verifier } = settings
  const opened = new Map<string, { issuer: string; verifier: BillingVerifier<Schemas> }>()
  const open = (of: string): { issuer: string; verifier: BillingVerifier<Schemas> } => {
    const known = opened.get(of) ?? { issuer: of, verifier: openVerifier<Schemas>(of, verifier) }
    opened.delete(of)
    opened.set(of, known)
    const [oldest] = opened.size > MAX_VERIFIERS ? opened.keys() : []
    if (oldest !== undefined) opened.delete(oldest)
    return known
  }
  if (typeof issuer === 'function') return (context) => open(judgeIssuer(given('issuer', () => issuer(context))))
  const only = open(issuer)
  return () => only
}

/** The inbox of a request, where it is one of the request's bindings. */
export function inboxOf<Context, Tx>(
  { inbox }: Pick<ReceiverSettings<Context, Tx, NoSchemas>, 'inbox'>,
  context: Context,
): DeliveryInbox<Tx> {
  if (typeof inbox !== 'function') return inbox
  const own = given('inbox', () => inbox(context))
  if (isInbox(own)) return own
  throw misconfigured('inbox', own, 'the function must return an inbox, synchronously')
}

/** What the application's function gives for a request. */
function given<Value>(name: string, ask: () => Value): Value {
  try {
    const value = ask()
    // a promise is refused by its judge; what it may still reject with is not to end the process
    if (value instanceof Promise) value.catch(() => {})
    return value
  } catch (cause) {
    throw new KindeWebhookError(
      'invalid_configuration',
      `The ${name} function threw: it must return the ${name} of the request, synchronously.`,
      { cause },
    )
  }
}

import type { DataSchemas, NoSchemas } from '../data-schemas.js'
import { KindeWebhookError } from '../errors.js'
import { judgeIssuer, misconfigured } from '../settings.js'
import { type BillingVerifier, openVerifier } from '../verifier.js'
import type { DeliveryLedger } from './ledger.js'
import { isLedger, type ReceiverSettings } from './options.js'

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

/** The ledger of a request, where it is one of the request's bindings. */
export function ledgerOf<Context, Scope>(
  { ledger }: Pick<ReceiverSettings<Context, Scope, NoSchemas>, 'ledger'>,
  context: Context,
): DeliveryLedger<Scope> {
  if (typeof ledger !== 'function') return ledger
  const own = given('ledger', () => ledger(context))
  if (isLedger(own)) return own
  throw misconfigured('ledger', own, 'the function must return a ledger, synchronously')
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

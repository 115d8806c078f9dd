import { createBillingReceiver, type DeliveryOutcome } from '@kinde-billing/core/receiver'
import type { CapturedDelivery, Keep, Kept, Receive } from './capture.js'

/** What hooks leave for the end of one request. */
interface Exchange {
  kept: Kept | undefined
  outcome: DeliveryOutcome | undefined
}

/**
 * A receiver of the real thing: what the issuer has not signed is refused and not stored.
 *
 * @throws KindeWebhookError `invalid_configuration`
 */
export function receiveVerified(issuer: string, keep: Keep): Receive {
  const receiver = createBillingReceiver<Exchange>({
    issuer,
    // each attempt is worth a fixture
    inbox: false,
    onEvent: async ({ claims }, { context }) => {
      context.kept = await keep(claims, true)
    },
    onOtherEvent: async ({ claims }, { context }) => {
      context.kept = await keep(claims, true)
    },
    onOutcome: (outcome, { context }) => {
      context.outcome = outcome
    },
  })
  return async (request, response) => {
    const exchange: Exchange = { kept: undefined, outcome: undefined }
    const { status, headers, body } = await receiver.receive({
      method: request.method ?? '',
      header: (name) => request.headersDistinct[name]?.join(', '),
      body: () => request.iterator({ destroyOnReturn: false }),
      context: exchange,
    })
    if (!request.complete) response.shouldKeepAlive = false
    response.writeHead(status, headers).end(body)
    return describe(exchange, status)
  }
}

function describe({ kept, outcome }: Exchange, status: number): CapturedDelivery {
  const { code = 'unsupported', message } = outcome?.error ?? {}
  const cause = outcome?.error?.cause
  return {
    status,
    outcome: outcome?.outcome ?? code,
    file: kept?.file,
    isVerified: kept !== undefined,
    filled: kept?.filled ?? [],
    problem: status === 200 ? undefined : cause instanceof Error ? `${message} ${cause.message}` : message,
  }
}

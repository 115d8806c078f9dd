import { assertKnownOptions, assertType, invalidConfiguration } from '@kinde-billing/core/internal'

/** Options of `deliver`. */
export interface DeliverOptions {
  /**
   * The `webhook-id` header, which Kinde keeps the same on every attempt. `null` sends none. Default: a new one on each
   * call.
   */
  readonly webhookId?: string | null | undefined
}

/** The endpoint's response. */
export interface DeliveryAnswer {
  /** HTTP status. */
  readonly status: number
  /** Response headers. */
  readonly headers: Headers
  /** Parsed JSON, or the text if the body is not JSON. */
  readonly body: unknown
}

/**
 * Posts a token as Kinde does: the token alone as the body, `application/jwt`, and a `webhook-id`. Redirects are not
 * followed.
 *
 * @param url URL of the endpoint.
 * @param token The signed token.
 * @param options The `webhook-id` header.
 * @returns The response, whatever its status.
 * @throws {TypeError} If there is no response, as `fetch` does.
 * @throws {KindeWebhookError} `invalid_configuration`: an option that is unknown or wrong, no URL, or no token.
 *
 * @example
 * ```ts
 * import { billingEventFixture, createTestIssuer, deliver } from '@kinde-billing/testing'
 *
 * const { sign } = await createTestIssuer()
 * const token = await sign(billingEventFixture('customer.payment_failed'))
 * const { status, body } = await deliver('http://127.0.0.1:3000/webhooks/kinde', token)
 * ```
 */
export async function deliver(
  url: string | URL,
  token: string | Uint8Array,
  options: DeliverOptions = {},
): Promise<DeliveryAnswer> {
  assertKnownOptions('deliver', options, ['webhookId'])
  assertType('webhookId', options.webhookId ?? undefined, 'string')
  // Without a scheme, localhost:3000 is a URL too, whose scheme is localhost.
  if (!URL.canParse(String(url)) || !/^https?:$/.test(new URL(String(url)).protocol))
    throw invalidConfiguration('url', url, 'pass the whole URL of the endpoint, with http:// or https://')
  if (typeof token !== 'string' && !ArrayBuffer.isView(token))
    throw invalidConfiguration('token', token, 'pass the signed token, await sign(claims)')
  const { webhookId = crypto.randomUUID() } = options
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/jwt', ...(webhookId === null ? {} : { 'webhook-id': webhookId }) },
    body: typeof token === 'string' ? token : new Uint8Array(token),
    redirect: 'manual',
  })
  return { status: response.status, headers: response.headers, body: readBody(await response.text()) }
}

function readBody(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

import { Buffer } from 'node:buffer'
import { STATUS_CODES } from 'node:http'
import { KindeWebhookError } from '@kinde-billing/core'
import type { DeliveryBody, DeliveryRequest, DeliveryResponse } from '@kinde-billing/core/receiver'

/**
 * An HTTP request as Lambda gets it: from API Gateway (REST, or HTTP with either payload format), a function URL or an
 * Application Load Balancer (with either kind of headers).
 */
export interface LambdaHttpEvent {
  /** The method, except in payload format 2.0. */
  readonly httpMethod?: string | undefined
  /** The headers. `null` in some test events. */
  readonly headers?: { readonly [name: string]: string | undefined } | null | undefined
  /** All values of each header, from REST APIs, and from load balancers that are set up so. */
  readonly multiValueHeaders?: { readonly [name: string]: string[] | undefined } | null | undefined
  /** The body, as text or base64. */
  readonly body?: string | null | undefined
  /** True if the body is base64. */
  readonly isBase64Encoded?: boolean | undefined
  /** The origin of the request. */
  readonly requestContext?:
    | {
        /** Payload format 2.0 has the method here. */
        readonly http?:
          | {
              /** Such as `POST`. */
              readonly method: string
            }
          | undefined
        /** Set by a load balancer. */
        readonly elb?: unknown
        /** The stage of API Gateway. */
        readonly stage?: string | undefined
      }
    | undefined
}

/** The response, in the shape that the origin of the event takes. */
export interface LambdaHttpResult {
  /** The HTTP status. */
  statusCode: number
  /** The status and its name, for load balancers. */
  statusDescription?: string
  /** The headers. */
  headers?: Record<string, string>
  /** The headers, for load balancers with multi-value headers: they take no others. */
  multiValueHeaders?: Record<string, string[]>
  /** JSON. */
  body: string
  /** Always false. */
  isBase64Encoded: boolean
}

const RAW_BODY_HINT = 'Let no middleware parse event.body before this function.'

/** Reads an event. Stages, base paths and query parameters do not matter, because the function has one route. */
export function toDeliveryRequest(
  event: LambdaHttpEvent,
): Pick<DeliveryRequest<unknown>, 'method' | 'header' | 'body' | 'rawBodyHint'> {
  const method = event?.requestContext?.http?.method ?? event?.httpMethod
  if (typeof method !== 'string')
    throw new KindeWebhookError(
      'invalid_configuration',
      'The event is not an HTTP request. Call this function through API Gateway, a function URL or an Application Load Balancer, and send schedules and queues to another one.',
    )
  return {
    method,
    header: (name) => findHeader(event, name),
    body: () => readBody(event),
    rawBodyHint: RAW_BODY_HINT,
  }
}

/** REST APIs keep the case of the names, and their `headers` have only the last value of each. */
function findHeader({ multiValueHeaders, headers }: LambdaHttpEvent, name: string): string | undefined {
  const values = findValues(multiValueHeaders, name) ?? findValues(headers, name)
  return values?.flat().join(', ')
}

function findValues<Value>(
  headers: { readonly [name: string]: Value | undefined } | null | undefined,
  name: string,
): Value[] | undefined {
  const values = Object.entries(headers ?? {}).flatMap(([key, value]) =>
    key.toLowerCase() === name && value !== undefined && value !== null ? [value] : [],
  )
  return values.length === 0 ? undefined : values
}

function readBody({ body, isBase64Encoded }: LambdaHttpEvent): DeliveryBody {
  if (body === undefined || body === null) return null
  // A middleware has parsed it.
  if (typeof body !== 'string') return undefined
  return isBase64Encoded === true ? Buffer.from(body, 'base64') : body
}

/** Writes the response in the shape of its event. */
export function toLambdaResult(event: LambdaHttpEvent, { status, headers, body }: DeliveryResponse): LambdaHttpResult {
  const result = { statusCode: status, body, isBase64Encoded: false }
  if (event.requestContext?.elb === undefined) return { ...result, headers }
  const described = { ...result, statusDescription: `${status} ${STATUS_CODES[status]}` }
  if (!event.multiValueHeaders) return { ...described, headers }
  const lists = Object.entries(headers).map(([name, value]): [string, string[]] => [name, [value]])
  return { ...described, multiValueHeaders: Object.fromEntries(lists) }
}

/** An endpoint under test: a URL, or a handler of Web requests, such as `createWebHandler` returns. */
export type SimulatedEndpoint = string | URL | ((request: Request) => Response | Promise<Response>)

/** The endpoint's response. Both members are `undefined` if there was none. */
export interface EndpointResponse {
  readonly status: number | undefined
  readonly body: string | undefined
}

const NO_RESPONSE: EndpointResponse = { status: undefined, body: undefined }

/** Posts one token as Kinde does. An endpoint that throws, refuses the connection or stays silent gives no response. */
export async function callEndpoint(
  endpoint: SimulatedEndpoint,
  token: string,
  webhookId: string,
  answerTimeoutMs: number,
): Promise<EndpointResponse> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeout = new Promise<EndpointResponse>((resolve) => {
    timer = setTimeout(resolve, answerTimeoutMs, NO_RESPONSE)
  })
  try {
    return await Promise.race([post(endpoint, token, webhookId), timeout])
  } catch {
    return NO_RESPONSE
  } finally {
    clearTimeout(timer)
  }
}

async function post(endpoint: SimulatedEndpoint, token: string, webhookId: string): Promise<EndpointResponse> {
  const isHandler = typeof endpoint === 'function'
  const request = new Request(isHandler ? 'https://application.test/webhooks/kinde' : endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/jwt', 'webhook-id': webhookId },
    body: token,
    redirect: 'manual',
  })
  const response = await (isHandler ? endpoint(request) : fetch(request))
  return { status: response.status, body: await response.text() }
}

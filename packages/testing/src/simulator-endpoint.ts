/** An endpoint under test: a URL, or a handler of Web requests, such as `createWebHandler` makes. */
export type SimulatedEndpoint = string | URL | ((request: Request) => Response | Promise<Response>)

/** What came back; both are `undefined` where nothing did. */
export interface EndpointAnswer {
  readonly status: number | undefined
  readonly body: string | undefined
}

const NO_ANSWER: EndpointAnswer = { status: undefined, body: undefined }

/** Posts one token as Kinde does. An endpoint that throws, refuses or stays silent has not answered. */
export async function callEndpoint(
  endpoint: SimulatedEndpoint,
  token: string,
  webhookId: string,
  answerTimeoutMs: number,
): Promise<EndpointAnswer> {
  const isHandler = typeof endpoint === 'function'
  let timer: ReturnType<typeof setTimeout> | undefined
  const silence = new Promise<EndpointAnswer>((resolve) => {
    timer = setTimeout(resolve, answerTimeoutMs, NO_ANSWER)
  })
  const ask = async (): Promise<EndpointAnswer> => {
    const request = new Request(isHandler ? 'https://application.test/webhooks/kinde' : endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/jwt', 'webhook-id': webhookId },
      body: token,
      redirect: 'manual',
    })
    const response = await (isHandler ? endpoint(request) : fetch(request))
    return { status: response.status, body: await response.text() }
  }
  try {
    return await Promise.race([ask(), silence])
  } catch {
    return NO_ANSWER
  } finally {
    clearTimeout(timer)
  }
}

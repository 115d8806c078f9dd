const TARGET_GROUP = 'arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/billing/6d0ecf831eec9f09'

/** A request as an HTTP API sends it, in payload format 2.0. Media types that it does not know as text arrive as base64. */
export const HTTP_API = {
  version: '2.0',
  routeKey: 'POST /webhooks/kinde',
  rawPath: '/prod/webhooks/kinde',
  rawQueryString: '',
  headers: {
    accept: '*/*',
    'content-length': '5',
    'content-type': 'application/jwt',
    host: 'a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com',
    'user-agent': 'curl/8.16.0',
    'webhook-id': 'msg_2b5vXyqmC5gXYRYr3LmWxQ3xT0a',
    'x-amzn-trace-id': 'Root=1-68e2a1c0-0f3c2a5b7d9e1f2a3b4c5d6e',
    'x-forwarded-for': '203.0.113.7',
    'x-forwarded-port': '443',
    'x-forwarded-proto': 'https',
  },
  requestContext: {
    accountId: '123456789012',
    apiId: 'a1b2c3d4e5',
    domainName: 'a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com',
    domainPrefix: 'a1b2c3d4e5',
    http: {
      method: 'POST',
      path: '/prod/webhooks/kinde',
      protocol: 'HTTP/1.1',
      sourceIp: '203.0.113.7',
      userAgent: 'curl/8.16.0',
    },
    requestId: 'R1vXYhZ8FiAEPJw=',
    routeKey: 'POST /webhooks/kinde',
    stage: 'prod',
    time: '05/Oct/2026:16:50:08 +0000',
    timeEpoch: 1791219008000,
  },
  body: 'dG9rZW4=',
  isBase64Encoded: true,
}

/** A request as a function URL sends it: payload format 2.0, without a route. */
export const FUNCTION_URL = {
  ...HTTP_API,
  routeKey: '$default',
  rawPath: '/webhooks/kinde',
  requestContext: {
    ...HTTP_API.requestContext,
    accountId: 'anonymous',
    apiId: 'abcdefghijklmnopqrstuvwxyz012345',
    domainName: 'abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-central-1.on.aws',
    domainPrefix: 'abcdefghijklmnopqrstuvwxyz012345',
    http: { ...HTTP_API.requestContext.http, path: '/webhooks/kinde' },
    routeKey: '$default',
    stage: '$default',
  },
}

/** A request as a REST API sends it: names in their own case, text unless the API has binary media types. */
export const REST_API = {
  resource: '/webhooks/kinde',
  path: '/webhooks/kinde',
  httpMethod: 'POST',
  headers: {
    Accept: '*/*',
    'Content-Type': 'application/jwt',
    Host: 'f6g7h8i9j0.execute-api.eu-central-1.amazonaws.com',
    'User-Agent': 'curl/8.16.0',
    'webhook-id': 'msg_2b5vXyqmC5gXYRYr3LmWxQ3xT0a',
    'X-Forwarded-For': '203.0.113.7',
  },
  multiValueHeaders: {
    Accept: ['*/*'],
    'Content-Type': ['application/jwt'],
    Host: ['f6g7h8i9j0.execute-api.eu-central-1.amazonaws.com'],
    'User-Agent': ['curl/8.16.0'],
    'webhook-id': ['msg_2b5vXyqmC5gXYRYr3LmWxQ3xT0a'],
    'X-Forwarded-For': ['203.0.113.7'],
  },
  queryStringParameters: null,
  multiValueQueryStringParameters: null,
  pathParameters: null,
  stageVariables: null,
  requestContext: {
    resourceId: '3xk1o8',
    resourcePath: '/webhooks/kinde',
    httpMethod: 'POST',
    path: '/prod/webhooks/kinde',
    accountId: '123456789012',
    protocol: 'HTTP/1.1',
    stage: 'prod',
    requestId: '4f2a7d0c-5b38-4e6f-9a1d-2c3b4a5f6e7d',
    identity: { sourceIp: '203.0.113.7', userAgent: 'curl/8.16.0' },
    apiId: 'f6g7h8i9j0',
  },
  body: 'token',
  isBase64Encoded: false,
}

/** A request as an HTTP API sends it in payload format 1.0. */
export const HTTP_API_V1 = { version: '1.0', ...REST_API, body: 'dG9rZW4=', isBase64Encoded: true }

/** A request as a load balancer sends it. */
export const LOAD_BALANCER = {
  requestContext: { elb: { targetGroupArn: TARGET_GROUP } },
  httpMethod: 'POST',
  path: '/webhooks/kinde',
  queryStringParameters: {},
  headers: {
    accept: '*/*',
    'content-length': '5',
    'content-type': 'application/jwt',
    host: 'billing-1234567890.eu-central-1.elb.amazonaws.com',
    'webhook-id': 'msg_2b5vXyqmC5gXYRYr3LmWxQ3xT0a',
    'x-forwarded-for': '203.0.113.7',
  },
  body: 'dG9rZW4=',
  isBase64Encoded: true,
}

const { headers, queryStringParameters: _, ...withoutHeaders } = LOAD_BALANCER

/** A request as a load balancer sends it whose target group has multi-value headers. */
export const LOAD_BALANCER_MULTI_VALUE = {
  ...withoutHeaders,
  multiValueQueryStringParameters: {},
  multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
}

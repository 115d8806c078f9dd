import { createAdaptorServer } from '@hono/node-server'
import { createWebHandler } from '@kinde-billing/core/receiver'
import { describeAdapter, listen } from '@kinde-billing/testing/conformance'

describeAdapter('createWebHandler behind @hono/node-server', {
  start: (options) => {
    const handle = createWebHandler(options)
    const server = createAdaptorServer({ fetch: (request) => handle(request, undefined) })
    if (!('closeAllConnections' in server)) throw new Error('not a server of node:http')
    return listen(server, '/')
  },
})

import { runSuite } from './suite.js'

interface FetchEvent {
  readonly request: Request
  respondWith(response: Promise<Response>): void
}

/** For workerd: a Worker that answers the posted input with the report. */
const listen = addEventListener as (type: 'fetch', listener: (event: FetchEvent) => void) => void

listen('fetch', (event) => event.respondWith(event.request.json().then(runSuite).then(Response.json)))

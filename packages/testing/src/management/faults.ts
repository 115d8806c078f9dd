import type { ServerResponse } from 'node:http'
import { assertKnownOptions } from '@kinde-billing/core/internal'

/**
 * How a request fails: an answer of your own, a late one, a closed connection (`no_answer`), half of the body, or an HTML page
 * with a 200.
 */
export type ManagementFault = StatusFault | BodyFault | DelayFault | 'no_answer' | 'half_a_body' | 'html'

/** Answers with a status. */
export interface StatusFault {
  /** The status. */
  readonly status: number
  /** The header `RateLimit-Reset`. Default: none. */
  readonly resetSeconds?: number | string | undefined
  /** The JSON body. Default: none. */
  readonly body?: unknown
}

/** Answers 200 with other JSON. */
export interface BodyFault {
  /** Any JSON in place of the answer. */
  readonly body: unknown
}

/** Answers correctly, but late. */
export interface DelayFault {
  /** How late, in milliseconds. */
  readonly delayMs: number
}

/** The requests that fail. */
export interface FaultOptions {
  /** How many requests. Default: 1. */
  readonly times?: number | undefined
  /** Requests that pass before the first one fails. Default: 0. */
  readonly after?: number | undefined
  /** Only requests whose `METHOD path` starts with this text, such as `GET /api/v1/webhooks`. Default: all. */
  readonly on?: string | undefined
}

/** Faults that wait for their requests. */
export interface FaultQueue {
  add(fault: ManagementFault, options?: FaultOptions): void
  /** Takes the fault of a request, if it has one. */
  take(request: string): ManagementFault | undefined
  clear(): void
}

/** Creates an empty queue. The first fault that matches a request is taken. */
export function createFaultQueue(): FaultQueue {
  let faults: { fault: ManagementFault; on: string; times: number; after: number }[] = []
  return {
    add(fault, options = {}) {
      assertKnownOptions('failNext', options, ['times', 'after', 'on'])
      const { times = 1, after = 0, on = '' } = options
      faults.push({ fault, on, times, after })
    },
    take(request) {
      const entry = faults.find(({ on, times }) => times > 0 && request.startsWith(on))
      if (entry === undefined) return undefined
      if (entry.after > 0) {
        entry.after -= 1
        return undefined
      }
      entry.times -= 1
      return entry.fault
    },
    clear() {
      faults = []
    },
  }
}

/**
 * Fails a request.
 *
 * @param answer The correct answer, of which `half_a_body` sends the first half.
 * @returns `false` if the correct answer is still to be sent.
 */
export async function fail(fault: ManagementFault, response: ServerResponse, answer: string): Promise<boolean> {
  if (fault === 'no_answer') return destroy(response)
  if (fault === 'half_a_body') {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) })
    response.write(answer.slice(0, answer.length / 2), () => destroy(response))
    return true
  }
  if (fault === 'html') {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Maintenance</title>')
    return true
  }
  if ('delayMs' in fault) {
    await new Promise((resolve) => setTimeout(resolve, fault.delayMs).unref())
    return false
  }
  const status = 'status' in fault ? fault.status : 200
  const reset = 'status' in fault ? fault.resetSeconds : undefined
  response.writeHead(status, {
    'content-type': 'application/json',
    ...(reset !== undefined && { 'ratelimit-reset': String(reset) }),
  })
  response.end(fault.body === undefined ? '' : JSON.stringify(fault.body))
  return true
}

function destroy(response: ServerResponse): true {
  response.destroy()
  return true
}

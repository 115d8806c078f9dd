import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import type { Answer } from '../../endpoint/send.js'
import { type Check, type CheckOutcome, found, foundOr, NOT_ACCEPTING, ok } from '../check.js'
import { type Examination, isAccepted, type Probe, wordsOf } from '../examination.js'
import { finding } from '../faults.js'

/** Only POST reaches the handler. */
export const wrongMethod: Check = {
  title: 'wrong method',
  async examine(x) {
    const answers: [string, Answer][] = []
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
      const { token } = x.event()
      answers.push([method, await x.request({ method, ...(method === 'GET' ? {} : { body: token }) })])
    }
    const accepted = answers.filter(([, answer]) => isAccepted(answer))
    return foundOr(
      accepted.map(([method, answer]) =>
        finding('wrong_method_accepted', `${method} was answered ${wordsOf(answer)}.`),
      ),
      ok(`refused: ${[...new Set(answers.map(([, answer]) => wordsOf(answer)))].join(', ')}`),
    )
  },
}

/** Encodings are refused: a decoded body could be of any size. */
export const compressed: Check = {
  title: 'compressed',
  async examine(x) {
    const { token } = x.event()
    const body = gzipSync(token)
    const headers = { 'content-type': 'application/jwt', 'content-encoding': 'gzip' }
    const answer = await x.request({ headers: { ...headers, 'webhook-id': crypto.randomUUID() }, body })
    return isAccepted(answer)
      ? found(finding('compressed_accepted', `A gzipped token was answered ${wordsOf(answer)}.`))
      : ok(`refused: ${wordsOf(answer)}`)
  },
}

const PIECE = Buffer.alloc(64 * 1024, 'A')
/** More than sockets keep on their way, so that an endpoint that stops reading is seen to. */
const OVERSIZED_BYTES = 32 * 1024 * 1024

/** A body is counted as it comes. */
export const oversized: Check = {
  title: 'oversized',
  async examine(x) {
    const answer = await x.request({ body: pieces(OVERSIZED_BYTES / PIECE.length) })
    const mebibytes = Math.round(answer.sentBytes / 1024 / 1024)
    // a 413 at the end has read the rest to throw it away
    return answer.sentBytes >= OVERSIZED_BYTES && answer.status !== 413
      ? found(finding('body_unbounded', `It took ${mebibytes} MiB before it answered ${wordsOf(answer)}.`))
      : ok(`refused after ${mebibytes} MiB: ${wordsOf(answer)}`)
  },
}

async function* pieces(count: number): AsyncIterable<Buffer> {
  for (let index = 0; index < count; index++) yield PIECE
}

/** A genuine body that takes its time is read to its end. */
export const slow: Check = {
  title: 'slow',
  async examine(x) {
    if (!x.facts.isAccepting) return NOT_ACCEPTING
    const probe = x.event()
    let answer = await deliverSlowly(x, probe)
    // once more: a handler may fail for reasons of its own
    if (!isAccepted(answer)) answer = await deliverSlowly(x, probe)
    return isAccepted(answer)
      ? ok(`accepted over ${x.times.slowMs} ms`)
      : found(finding('slow_body_refused', `A body over ${x.times.slowMs} ms was answered ${wordsOf(answer)}.`))
  },
}

async function deliverSlowly(x: Examination, { token }: Probe): Promise<Answer> {
  const third = Math.ceil(token.length / 3)
  async function* body(): AsyncIterable<string> {
    yield token.slice(0, third)
    await sleep(x.times.slowMs / 2)
    yield token.slice(third, 2 * third)
    await sleep(x.times.slowMs / 2)
    yield token.slice(2 * third)
  }
  return x.request({ body: body(), timeoutMs: x.times.slowMs + x.times.answerMs })
}

/** Begins a body that never ends. It is begun first and judged last, since it takes as long as the endpoint lets it. */
export function beginStalled(x: Examination): Promise<CheckOutcome> {
  const { token } = x.event()
  async function* body(): AsyncIterable<string> {
    yield token.slice(0, token.length / 2)
    await new Promise(() => {})
  }
  const headers = { 'content-type': 'application/jwt', 'content-length': String(token.length) }
  return x.request({ headers, body: body(), timeoutMs: x.times.stallMs }).then((answer) => {
    const seconds = Math.round(x.times.stallMs / 1000)
    return answer.failure === 'no answer in time'
      ? found(finding('stalled_body_kept', `Half a body was kept for ${seconds} s without an answer.`))
      : ok(`given up after ${(answer.durationMs / 1000).toFixed(1)} s: ${wordsOf(answer)}`)
  })
}

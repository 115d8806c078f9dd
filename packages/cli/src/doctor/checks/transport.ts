import { gzipSync } from 'node:zlib'
import type { Answer } from '../../endpoint/send.js'
import { type Check, type CheckOutcome, found, foundOr, NOT_ACCEPTING, ok } from '../check.js'
import { type Finding, finding } from '../faults.js'
import { describeAnswer, isAccepted, type Probe, type Session } from '../session.js'

/** Only POST reaches the handler. */
export const wrongMethod: Check = {
  title: 'wrong method',
  async run(session) {
    const findings: Finding[] = []
    const words = new Set<string>()
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
      const answer = await session.request({ method, body: session.event().token })
      words.add(describeAnswer(answer))
      if (await reachesHandler(session, method, answer))
        findings.push(finding('wrong_method_accepted', `${method} was answered ${describeAnswer(answer)}.`))
    }
    return foundOr(findings, ok(`refused: ${[...words].join(', ')}`))
  },
}

/** Tells the handler from something else on the same URL, such as a health check, which accepts every token. */
async function reachesHandler(session: Session, method: string, answer: Answer): Promise<boolean> {
  return isAccepted(answer) && !isAccepted(await session.request({ method, body: session.forgedEvent().token }))
}

/** Encodings are refused: a decoded body can have any size. */
export const compressed: Check = {
  title: 'compressed',
  async run(session) {
    const { token } = session.event()
    const body = gzipSync(token)
    const headers = { 'content-type': 'application/jwt', 'content-encoding': 'gzip' }
    const answer = await session.request({ headers: { ...headers, 'webhook-id': crypto.randomUUID() }, body })
    return isAccepted(answer)
      ? found(finding('compressed_accepted', `A gzipped token was answered ${describeAnswer(answer)}.`))
      : ok(`refused: ${describeAnswer(answer)}`)
  },
}

const PIECE = Buffer.alloc(64 * 1024, 'A')
/** More than socket buffers hold, so that an endpoint that stops reading is noticed. */
const OVERSIZED_BYTES = 32 * 1024 * 1024

/** A body is counted as it arrives. */
export const oversized: Check = {
  title: 'oversized',
  async run(session) {
    const answer = await session.request({ body: pieces(OVERSIZED_BYTES / PIECE.length) })
    const mebibytes = Math.round(answer.sentBytes / 1024 / 1024)
    // an endpoint that answers 413 at the end has read the rest to discard it
    return answer.sentBytes >= OVERSIZED_BYTES && answer.status !== 413
      ? found(finding('body_unbounded', `It took ${mebibytes} MiB before it answered ${describeAnswer(answer)}.`))
      : ok(`refused after ${mebibytes} MiB: ${describeAnswer(answer)}`)
  },
}

async function* pieces(count: number): AsyncIterable<Buffer> {
  for (let index = 0; index < count; index++) yield PIECE
}

/** A genuine body that arrives slowly is read to its end. */
export const slow: Check = {
  title: 'slow',
  async run(session) {
    if (!session.facts.isAccepting) return NOT_ACCEPTING
    const probe = session.event()
    let answer = await deliverSlowly(session, probe)
    // once more: the handler may have failed
    if (!isAccepted(answer)) answer = await deliverSlowly(session, probe)
    return isAccepted(answer)
      ? ok(`accepted over ${session.times.slowMs} ms`)
      : found(
          finding(
            'slow_body_refused',
            `A body over ${session.times.slowMs} ms was answered ${describeAnswer(answer)}.`,
          ),
        )
  },
}

async function deliverSlowly(session: Session, { token }: Probe): Promise<Answer> {
  const third = Math.ceil(token.length / 3)
  async function* body(): AsyncIterable<string> {
    yield token.slice(0, third)
    await session.pause(session.times.slowMs / 2)
    yield token.slice(third, 2 * third)
    await session.pause(session.times.slowMs / 2)
    yield token.slice(2 * third)
  }
  return session.request({ body: body(), timeoutMs: session.times.slowMs + session.times.answerMs })
}

/** Begins a body that never ends. It is begun first and reported last, since it takes as long as the endpoint allows. */
export function beginStalled(session: Session): Promise<CheckOutcome> {
  const { token } = session.event()
  async function* body(): AsyncIterable<string> {
    yield token.slice(0, token.length / 2)
    await new Promise(() => {})
  }
  const headers = { 'content-type': 'application/jwt', 'content-length': String(token.length) }
  return session.request({ headers, body: body(), timeoutMs: session.times.stallMs }).then((answer) => {
    const seconds = Math.round(session.times.stallMs / 1000)
    return answer.failure === 'no answer in time'
      ? found(finding('stalled_body_kept', `Half a body was kept for ${seconds} s without an answer.`))
      : ok(`given up after ${(answer.durationMs / 1000).toFixed(1)} s: ${describeAnswer(answer)}`)
  })
}

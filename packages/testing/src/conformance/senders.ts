import type { Socket } from 'node:net'
import { expect } from 'vitest'
import { ANSWERS, expectAnswer } from './answers.js'
import { readAnswer } from './http-answer.js'
import { dial, exchange, type HeaderLine, request, requestHead } from './http-request.js'
import { type GenuineDelivery, LIMIT_BYTES, type Suite } from './suite.js'

const CHUNKED: HeaderLine = ['transfer-encoding', 'chunked']
/** Bytes of a body that may be read beyond the limit. */
const READ_AHEAD_BYTES = 262_144

async function expectNextServed(suite: Suite): Promise<void> {
  const { id, token } = await suite.event()
  expectAnswer(await request(suite.endpoint.url, { body: token }), ANSWERS.processed)
  expect(suite.endpoint.runs(id)).toBe(1)
}

/** Bodies that are answered while they arrive. */
function slowAndEndlessBodies(suite: Suite): void {
  const { it } = suite
  it.each<[what: string, part: (token: string) => string]>([
    ['nothing', () => ''],
    ['half of it', (token) => token.slice(0, token.length / 2)],
  ])('answers in time after %s of the body and then silence', async (_, part) => {
    const { id, token } = await suite.event()
    const headers: HeaderLine[] = [['content-length', String(token.length)]]
    const answer = await request(suite.impatient.url, { headers, body: part(token) })
    expectAnswer(answer, ANSWERS.requestTimeout)
    expect(suite.impatient.runs(id)).toBe(0)
  })

  it('limits the time of the whole body, which a byte now and then does not renew', async () => {
    const { url } = suite.impatient
    const answer = await exchange(url, (socket) => {
      socket.write(requestHead(url, { headers: [['content-length', '100000']] }))
      const drip = setInterval(() => socket.write('a'), 20)
      socket.on('close', () => clearInterval(drip))
    })
    expectAnswer(answer, ANSWERS.requestTimeout)
  })

  it('answers an endless body, reads little further than the limit, and cuts it', async () => {
    const { endpoint } = suite
    const readBefore = endpoint.bytesRead()
    const received = await sendEndlessly(endpoint.url)
    expectAnswer(readAnswer(received, false, true), ANSWERS.payloadTooLarge)
    const read = endpoint.bytesRead()
    if (read !== undefined && readBefore !== undefined)
      expect(read - readBefore).toBeLessThanOrEqual(LIMIT_BYTES + READ_AHEAD_BYTES)
    await expectNextServed(suite)
  })

  it('answers an endless form', async () => {
    const { url } = suite.endpoint
    const headers: HeaderLine[] = [CHUNKED, ['content-type', 'application/x-www-form-urlencoded']]
    const answer = await exchange(url, (socket) => {
      socket.write(requestHead(url, { headers }))
      writeEndlessly(socket)
    })
    expectAnswer(answer, ANSWERS.unsupportedMediaType)
    await expectNextServed(suite)
  })
}

/** Clients that send slowly, without an end, or go away. */
export function senders(suite: Suite): void {
  const { it } = suite
  it('accepts one byte at a time', async () => {
    const { id, token } = await suite.event()
    const answer = await exchange(suite.endpoint.url, (socket) => {
      socket.write(requestHead(suite.endpoint.url, { headers: [CHUNKED] }))
      writeInTurn(socket, [...token].map((char) => `1\r\n${char}\r\n`).concat('0\r\n\r\n'))
    })
    expectAnswer(answer, ANSWERS.processed)
    expect(suite.endpoint.runs(id)).toBe(1)
  })

  if (suite.platform.buffersBodies !== true) slowAndEndlessBodies(suite)

  it('runs nothing for clients that reset in the middle of the body, and serves the next one', async () => {
    const events = await Promise.all(Array.from({ length: 10 }, () => suite.event()))
    await Promise.all(events.map(({ token }) => resetAfter(suite, token, token.slice(0, token.length / 2))))
    await expectNextServed(suite)
    for (const { id } of events) expect(suite.endpoint.runs(id)).toBe(0)
  })

  it('runs each event once for clients that reset right after the body and try again', async () => {
    const events = await Promise.all(Array.from({ length: 10 }, () => suite.event()))
    await Promise.all(events.map(({ token }) => resetAfter(suite, token, token)))
    await expectNextServed(suite)
    for (const event of events) expect(await tryUntilDone(suite, event)).toBe(1)
  })
}

/** Each piece by itself: the next one only when the last one has been handed to the network. */
function writeInTurn(socket: Socket, [piece, ...rest]: readonly string[]): void {
  if (piece !== undefined) socket.write(piece, () => setImmediate(writeInTurn, socket, rest))
}

function writeEndlessly(socket: Socket): void {
  const chunk = `10000\r\n${'a'.repeat(0x10000)}\r\n`
  const write = (): void => {
    if (socket.writable) socket.write(chunk, () => setImmediate(write))
  }
  write()
}

/** Goes on sending whatever is answered, until the server cuts the connection. */
function sendEndlessly(url: string): Promise<string> {
  return new Promise((resolve) => {
    let received = ''
    const socket = dial(url, () => {
      socket.write(requestHead(url, { headers: [CHUNKED] }))
      writeEndlessly(socket)
    })
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
    })
    socket.on('close', () => resolve(received))
  })
}

function resetAfter({ endpoint: { url } }: Suite, token: string, part: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = dial(url, () => {
      const head = requestHead(url, { headers: [['content-length', String(token.length)]] })
      socket.write(head + part, () => socket.resetAndDestroy())
    })
    socket.on('close', () => resolve())
  })
}

/** As Kinde tries: again, while another attempt is at work. */
async function tryUntilDone(suite: Suite, { id, token }: GenuineDelivery): Promise<number> {
  const answer = await request(suite.endpoint.url, { body: token })
  if (answer?.status === ANSWERS.deliveryInProgress.status) return tryUntilDone(suite, { id, token })
  expect([ANSWERS.processed.body, ANSWERS.duplicate.body]).toContain(answer?.body)
  return suite.endpoint.runs(id)
}

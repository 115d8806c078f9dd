import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { billingEventFixture, createTestIssuer, deliver } from '@kinde-billing/testing'
import { expect, it, onTestFinished } from 'vitest'
import { kindeBilling } from './index.js'

const SENT_BYTES = 800_000
const CONNECTIONS = 60

it('holds 32 MiB of slow bodies at most, answers 503 to more of them, and 200 to a genuine delivery', async () => {
  const issuer = await createTestIssuer()
  const outcomes: string[] = []
  const server = createServer(
    kindeBilling({
      issuer: issuer.issuer,
      jwks: issuer.jwks,
      onEvent: () => {},
      onOutcome: ({ outcome }) => outcomes.push(outcome),
      log: false,
      bodyTimeoutMs: 600_000,
    }),
  )
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const sockets = Array.from({ length: CONNECTIONS }, () => sendSlowly(port))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })

  // A body of 800 kB takes a buffer of up to a MiB: 60 of them want more than 32 MiB.
  const answer = await Promise.race(sockets.map(async (socket) => String((await once(socket, 'data'))[0])))
  expect(answer).toMatch(/^HTTP\/1\.1 503 /)
  expect(answer).toMatch(/retry-after: 5/i)
  expect(outcomes).toContain('receiver_overloaded')
  const token = await issuer.sign(billingEventFixture('customer.plan_changed'))
  expect((await deliver(`http://127.0.0.1:${port}/`, token)).status).toBe(200)
})

/** Announces a MiB, sends the most of it, and keeps the rest. */
function sendSlowly(port: number): Socket {
  const socket = connect({ host: '127.0.0.1', port })
  // The server may cut the connection after its response.
  socket.on('error', () => {})
  socket.write('POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/jwt\r\ncontent-length: 1048576\r\n\r\n')
  socket.write(Buffer.alloc(SENT_BYTES, 'a'))
  return socket
}

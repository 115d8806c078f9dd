import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { afterEach, expect, it } from 'vitest'
import { deliver } from './index.js'
import { startTestIssuer } from './server.js'

const running: { close(): unknown }[] = []
afterEach(() => Promise.all(running.splice(0).map((server) => server.close())))

async function issuerForTest() {
  const issuer = await startTestIssuer()
  running.push(issuer)
  return issuer
}

it('serves the current key set at both paths, and counts the requests', async () => {
  const issuer = await issuerForTest()
  const verify = async (path: string) =>
    jwtVerify(await issuer.sign({ a: 1 }), createRemoteJWKSet(new URL(path, issuer.issuer)))

  expect((await verify('/.well-known/jwks')).payload).toStrictEqual({ a: 1 })
  await issuer.rotate()
  expect((await verify('/.well-known/jwks.json')).protectedHeader.kid).toBe(issuer.kid)
  expect(issuer.requests).toBe(2)
  expect((await fetch(issuer.issuer)).status).toBe(404)
  expect(issuer.requests).toBe(2)
})

it('lets a responder answer in its place', async () => {
  const issuer = await issuerForTest()
  const status = async () => (await fetch(`${issuer.issuer}/.well-known/jwks`)).status

  issuer.respondWith((_request, response) => response.writeHead(503).end())
  expect(await status()).toBe(503)
  issuer.respondWith(undefined)
  expect(await status()).toBe(200)
  expect(issuer.requests).toBe(2)
})

it('closes with connections open, and twice; rejects for a port in use', async () => {
  const issuer = await issuerForTest()
  issuer.respondWith(() => issuer.close())
  await expect(fetch(`${issuer.issuer}/.well-known/jwks`)).rejects.toThrow()
  await issuer.close()

  const other = await issuerForTest()
  await expect(startTestIssuer({ port: Number(new URL(other.issuer).port) })).rejects.toThrow('EADDRINUSE')
})

it('posts the token as Kinde does, without following redirects', async () => {
  const seen: unknown[] = []
  const server = createServer(async (request, response) => {
    const { 'content-type': contentType, 'webhook-id': webhookId } = request.headers
    seen.push([request.method, contentType, webhookId, await text(request)])
    const answer = request.url === '/json' ? '{"status":"processed"}' : 'plain'
    response.writeHead(request.url === '/moved' ? 302 : 200, { location: '/json', 'x-answer': 'yes' }).end(answer)
  }).listen(0, '127.0.0.1')
  running.push(server)
  await new Promise((resolve) => server.once('listening', resolve))
  const url = (path: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`

  const answer = await deliver(url('/json'), 'a.b.c', { webhookId: 'w1' })
  expect(answer).toMatchObject({ status: 200, body: { status: 'processed' } })
  expect(answer.headers.get('x-answer')).toBe('yes')
  expect(await deliver(new URL(url('/')), new TextEncoder().encode('d.e.f'), { webhookId: null })).toMatchObject({
    body: 'plain',
  })
  expect(await deliver(url('/moved'), 'g.h.i')).toMatchObject({ status: 302 })
  expect(seen).toStrictEqual([
    ['POST', 'application/jwt', 'w1', 'a.b.c'],
    ['POST', 'application/jwt', undefined, 'd.e.f'],
    ['POST', 'application/jwt', expect.stringMatching(/^[\w-]{36}$/), 'g.h.i'],
  ])
})

it.each(['localhost:3000/webhooks', '/webhooks', ''])('refuses to deliver to %j, which has no scheme', async (url) => {
  await expect(deliver(url, 'a.b.c')).rejects.toMatchObject({
    code: 'invalid_configuration',
    message: expect.stringContaining(`url is "${url}": pass the whole URL of the endpoint, with http://`),
  })
})

import { createServer, type Server } from 'node:http'
import { PGlite } from '@electric-sql/pglite'
import { getRequestListener } from '@hono/node-server'
import { type Console, createConsole } from '@kinde-billing/console'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import { NextRequest } from 'next/server.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seed } from './seed.js'

const PATH = '/admin/billing'
/** The newest failed delivery of the seed. */
const FAILED = 'event_7'

/** As docs/console.md mounts it. */
const MOUNTS: { readonly [framework: string]: (console: Console) => Promise<Server> } = {
  async Hono(console) {
    const app = new Hono()
    app.all(`${PATH}/*`, (c) => console(c.req.raw))
    return listen(createServer(getRequestListener(app.fetch)))
  },
  async Express(console) {
    const app = express()
    app.all(/^\/admin\/billing(\/|$)/, getRequestListener(console))
    app.use(express.json())
    return listen(createServer(app))
  },
  async Fastify(console) {
    const app = Fastify({ forceCloseConnections: true })
    app.register(async (scope) => {
      const listener = getRequestListener(console)
      scope.removeAllContentTypeParsers()
      scope.addContentTypeParser('*', (_request, _body, done) => done(null))
      for (const path of [PATH, `${PATH}/*`])
        scope.all(path, (request, reply) => {
          reply.hijack()
          return listener(request.raw, reply.raw)
        })
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    return app.server
  },
  // Next's own server is not started: a route gets a NextRequest and returns a Response
  async 'Next.js'(console) {
    const toNext = ({ url, method, headers, body }: Request) =>
      new NextRequest(url, { method, headers, body, duplex: 'half' })
    return listen(createServer(getRequestListener((request) => console(toNext(request)))))
  },
}

function listen(server: Server): Promise<Server> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}

describe.each(Object.entries(MOUNTS))('mounted in %s below a path', (_framework, mount) => {
  let pglite: PGlite
  let server: Server
  let url: string
  let isAllowed = true
  beforeAll(async () => {
    pglite = await PGlite.create()
    await seed(pglite, { customers: 3, deliveries: 20 })
    server = await mount(
      createConsole({ pool: pglite, basePath: PATH, authorize: () => isAllowed && 'ada', onError: () => {} }),
    )
    const address = server.address()
    if (typeof address === 'object' && address !== null) url = `http://127.0.0.1:${address.port}${PATH}`
  }, 120_000)
  afterAll(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await pglite.close()
  })

  it('has its pages, files and live updates, and links that stay below the path', async () => {
    for (const path of ['', '/deliveries', `/deliveries/${FAILED}`, '/customers', '/activity', '/console.css']) {
      const response = await fetch(`${url}${path}`)
      expect([path, response.status]).toEqual([path, 200])
      const links = [...(await response.text()).matchAll(/(?:href|src|action)="(\/[^"]*)"/g)].map(([, link]) => link)
      expect(links.filter((link) => !link?.startsWith(PATH))).toEqual([])
    }
    expect((await fetch(`${url}/deliveries`, { method: 'HEAD' })).status).toBe(200)
    expect((await fetch(`${url}/deliveries`, { method: 'PUT', body: '{}' })).status).toBe(405)
    const stop = new AbortController()
    const live = await fetch(`${url}/live?page=${encodeURIComponent(`${PATH}/deliveries`)}`, { signal: stop.signal })
    let text = ''
    for await (const chunk of live.body ?? []) {
      text += new TextDecoder().decode(chunk)
      if (text.includes('event: version')) break
    }
    stop.abort()
    expect(text).toMatch(/^event: version$/m)
  })

  it('performs an action once, and refuses it from elsewhere and as JSON', async () => {
    const page = await (await fetch(`${url}/deliveries/${FAILED}`)).text()
    const token = /name="token" value="([^"]+)"/.exec(page)?.[1] ?? ''
    const send = async (headers: Record<string, string>, body: string | URLSearchParams) =>
      (await fetch(`${url}/deliveries/${FAILED}/redeliver`, { method: 'POST', redirect: 'manual', headers, body }))
        .status
    const form = new URLSearchParams({ token, reason: 'fixed' })
    expect(await send({ origin: 'https://evil.example' }, form)).toBe(403)
    expect(await send({ 'content-type': 'application/json' }, JSON.stringify({ token }))).toBe(403)
    expect(await send({ 'x-http-method-override': 'POST' }, new URLSearchParams({ reason: 'no token' }))).toBe(403)
    expect(await send({}, form)).toBe(303)
    expect(await send({}, form)).toBe(409)
    const response = await fetch(`${url}/deliveries/${FAILED}/redeliver?token=${token}`, {
      headers: { 'x-http-method-override': 'POST' },
    })
    expect(response.status).toBe(404)
  })

  it('has one answer for everything that authorize refuses', async () => {
    isAllowed = false
    const answers = new Set<string>()
    for (const path of [
      '',
      '/deliveries',
      `/deliveries/${FAILED}`,
      '/nothing',
      '/live?page=/admin/billing',
      '/console.js',
    ])
      for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
        const response = await fetch(`${url}${path}`, { method })
        const headers = [...response.headers].filter(([name]) => name !== 'date')
        answers.add(JSON.stringify([response.status, headers, await response.text()]))
      }
    isAllowed = true
    expect([...answers]).toHaveLength(1)
    expect([...answers][0]).toMatch(/^\[403,/)
  })
})

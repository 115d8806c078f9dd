import 'reflect-metadata'
import { describeAdapter } from '@kinde-billing/testing/conformance'
import { expect, it, vi } from 'vitest'
import { starting } from './application.js'
// declare the tests of the module, which then run on Nest 11 too
import '../src/applications.test.js'
import '../src/index.test.js'
import '../src/modules.test.js'
import manifest from './nest-11/package.json' with { type: 'json' }

// The sources and the application of these tests get Nest 11.
vi.mock('@nestjs/common', () => import('./nest-11/nestjs-common.js'))
vi.mock('@nestjs/core', () => import('./nest-11/core.js'))
vi.mock('@nestjs/microservices', () => import('./nest-11/microservices.js'))
vi.mock('@nestjs/platform-express', () => import('./nest-11/platform-express.js'))
vi.mock('@nestjs/platform-fastify', () => import('./nest-11/platform-fastify.js'))
vi.mock('@nestjs/testing', () => import('./nest-11/testing.js'))

it('runs on Nest 11', async () => {
  const { FastifyAdapter } = await import('@nestjs/platform-fastify')
  const eleven = await import('./nest-11/platform-fastify.js')
  expect(FastifyAdapter).toBe(eleven.FastifyAdapter)
  expect(manifest.dependencies['@nestjs/platform-fastify']).toMatch(/^11\./)
})

describeAdapter('@kinde-billing/nest on Express with Nest 11, in an application that refuses everything', {
  start: starting('Express', { rawBody: true, obstacles: true }),
})

describeAdapter('@kinde-billing/nest on Fastify with Nest 11, without rawBody', {
  start: starting('Fastify', { rawBody: false, obstacles: false }),
})

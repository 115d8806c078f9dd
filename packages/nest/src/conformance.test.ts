import 'reflect-metadata'
import { describeAdapter } from '@kinde-billing/testing/conformance'
import { starting } from '../test/application.js'

// with other settings, and Nest 11: test/*.system.ts
describeAdapter('@kinde-billing/nest on Express, in an application that refuses everything', {
  start: starting('Express', { rawBody: true, obstacles: true }),
})

describeAdapter('@kinde-billing/nest on Fastify, in an application that refuses everything', {
  start: starting('Fastify', { rawBody: true, obstacles: true }),
})

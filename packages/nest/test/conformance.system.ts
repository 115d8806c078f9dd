import 'reflect-metadata'
import { describeAdapter } from '@kinde-billing/testing/conformance'
import { starting } from './application.js'

describeAdapter('@kinde-billing/nest on Express, without rawBody', {
  start: starting('Express', { rawBody: false, obstacles: false }),
})

describeAdapter('@kinde-billing/nest on Fastify, without rawBody', {
  start: starting('Fastify', { rawBody: false, obstacles: false }),
})

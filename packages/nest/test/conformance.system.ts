import 'reflect-metadata'
import { describeAdapter } from '@kinde-billing/testing/conformance'
import { starting } from './application.js'

describeAdapter('@kinde-billing/nest on Express, in an application that refuses everything', {
  start: starting('Express', { rawBody: true, obstacles: true }),
})

describeAdapter('@kinde-billing/nest on Fastify, in an application that refuses everything', {
  start: starting('Fastify', { rawBody: true, obstacles: true }),
})

describeAdapter('@kinde-billing/nest on Express, without rawBody', {
  start: starting('Express', { rawBody: false, obstacles: false }),
})

describeAdapter('@kinde-billing/nest on Fastify, without rawBody', {
  start: starting('Fastify', { rawBody: false, obstacles: false }),
})

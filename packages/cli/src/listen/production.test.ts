import { expect, it } from 'vitest'
import { findProductionSign } from './production.js'

it.each([
  'acme.kinde.com',
  'acme-prod.kinde.com',
  'acmeprod.kinde.com',
  'production-acme.kinde.com',
  'acme.production.example',
  'live-acme.kinde.com',
  'acme-live.kinde.com',
  'auth.acme.example',
  'login.acme.com',
  'acme-prod-dev-team.kinde.com',
  '203.0.113.7',
])('takes %s for production', (host) => {
  expect(findProductionSign(`https://${host}`, [])).toMatch(/^its name/)
})

it.each([
  'acme-dev.kinde.com',
  'acme-development.kinde.com',
  'test-acme.kinde.com',
  'acme-staging.kinde.com',
  'acme-preprod.kinde.com',
  'acme-non-prod.kinde.com',
  'auth.sandbox.acme.example',
  'localhost:4010',
  '127.0.0.1:4010',
  '[::1]:4010',
])('takes %s for development, unless billing events are received there', (host) => {
  expect(findProductionSign(`http://${host}`, [])).toBeUndefined()
  const webhook = {
    id: 'w1',
    name: 'Billing',
    description: undefined,
    endpoint: 'https://app.example/',
    eventTypes: ['customer.plan_changed'],
    createdOn: undefined,
  }
  expect(findProductionSign(`http://${host}`, [webhook])).toContain('already receives')
})

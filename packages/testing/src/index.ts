export { type DeliverOptions, type DeliveryAnswer, deliver } from './deliver.js'
export type { Dialect } from './fixture-data.js'
export {
  type BillingEventClaims,
  type BillingEventFixtureOptions,
  type BillingEventOverrides,
  billingEventFixture,
} from './fixtures.js'
export {
  createTestIssuer,
  type RotateOptions,
  type SignOptions,
  type TestIssuer,
  type TestIssuerOptions,
  type TestKey,
  type TestKeySet,
} from './issuer.js'

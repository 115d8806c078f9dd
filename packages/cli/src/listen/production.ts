import { isBillingEventType } from '@kinde-billing/core'
import type { Webhook } from '@kinde-billing/management'

const PRODUCTION = /(?:^|[.-])(?:prod|live)|prod(?:uction)?(?:[.-]|$)/i
const DEVELOPMENT = /(?:^|[.-])(?:dev|test|stag|sandbox|preview|demo|local|qa|uat|(?:non|pre)-?prod)/i
/** The test environment of this machine. */
const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/i

/**
 * Finds a sign that an environment is production. Kinde's API does not tell, so a name that says nothing counts as one: a
 * webhook there would send customers' data to the machine of a developer.
 *
 * @param domain Origin of the Kinde domain.
 * @param webhooks Those that exist there.
 */
export function findProductionSign(domain: string, webhooks: readonly Webhook[]): string | undefined {
  const { hostname } = new URL(domain)
  const receiver = webhooks.find(({ eventTypes }) => eventTypes.some(isBillingEventType))
  if (receiver !== undefined) return `${receiver.endpoint} already receives its billing events`
  if (LOOPBACK.test(hostname)) return undefined
  if (PRODUCTION.test(hostname.replace(DEVELOPMENT, ''))) return 'its name says so'
  return DEVELOPMENT.test(hostname) ? undefined : 'its name does not say development, test or staging'
}

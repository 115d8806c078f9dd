import { invalidConfiguration } from '@kinde-billing/core/internal'

/** @throws KindeWebhookError `invalid_configuration` */
export function parsePort(port: unknown = 0): number {
  if (typeof port === 'number' && Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  throw invalidConfiguration('port', port, 'pass a whole number from 0 to 65535, or leave it out for a free one')
}

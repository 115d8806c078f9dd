import type { CallOptions } from './agreements.js'
import type { Api } from './api.js'
import { KindeManagementError } from './errors.js'
import { Done } from './lenient.js'
import { refuseUnknownOptions } from './options.js'

/** Usage of a metered feature. */
export interface UsageReport {
  /** The agreement against which it counts. */
  readonly agreementId: string
  /** The code of the metered feature. */
  readonly featureCode: string
  /** The quantity: a finite number, or its decimal digits as text. */
  readonly value: number | string
  /** `absolute` overrides the current usage, `delta` adds to it. Default: Kinde's. */
  readonly mode?: 'absolute' | 'delta' | undefined
  /** When it was used. Default: now, by Kinde's clock. */
  readonly at?: Date | undefined
}

const KNOWN = ['agreementId', 'featureCode', 'value', 'mode', 'at']
const DECIMAL = /^-?\d+(?:\.\d+)?$/

/** Sends one usage report. */
export async function reportUsage(api: Api, report: UsageReport, { signal }: CallOptions = {}): Promise<void> {
  refuseUnknownOptions('reportUsage', report, KNOWN)
  const { agreementId, featureCode, value, mode, at } = report
  const quantity = String(value).trim()
  if (!DECIMAL.test(quantity))
    throw new KindeManagementError('invalid_configuration', 'value is not a quantity: pass a number such as 12 or 0.5.')
  if (mode !== undefined && mode !== 'absolute' && mode !== 'delta')
    throw new KindeManagementError('invalid_configuration', 'mode must be "absolute" or "delta", or left out.')
  if (at !== undefined && Number.isNaN(at.getTime()))
    throw new KindeManagementError('invalid_configuration', 'at is an invalid Date.')
  await api.call({
    method: 'POST',
    path: '/api/v1/billing/meter_usage',
    json: {
      customer_agreement_id: agreementId,
      billing_feature_code: featureCode,
      meter_value: quantity,
      ...(at !== undefined && { meter_usage_timestamp: at.toISOString() }),
      ...(mode !== undefined && { meter_type_code: mode }),
    },
    scope: 'create:meter_usage',
    schema: Done,
    signal,
  })
}

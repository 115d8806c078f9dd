import { kindeBilling } from '@kinde-billing/next'
import { on, onEvent } from '../../../../billing'

// the issuer is KINDE_ISSUER_URL of the environment, read at the first request and not during `next build`
export const POST = kindeBilling({ onEvent, on })

import { createHash } from 'node:crypto'

/** A customer of test events. Members that are `undefined` keep the fixture's value; `null` removes it. */
export interface Identity {
  readonly customerId: string | undefined
  readonly userId: string | undefined
  readonly orgCode: string | null | undefined
}

/**
 * Makes the customer of one round. The first is the customer of the fixtures, so that single events and scenarios of
 * separate runs belong together; each further round has a different one.
 *
 * @param customer From `--customer`: `org_…` is an organization, `kp_…` a user of no organization, anything else a customer id.
 */
export function createIdentity(round: number, customer: string | undefined): Identity {
  if (customer === undefined && round === 0) return { customerId: undefined, userId: undefined, orgCode: undefined }
  const seed = customer === undefined ? `round ${round}` : round === 0 ? customer : `${customer} ${round}`
  const id = round === 0 ? customer : undefined
  return {
    customerId:
      id?.startsWith('org_') || id?.startsWith('kp_') ? toId('customer', seed) : (id ?? toId('customer', seed)),
    userId: id?.startsWith('kp_') ? id : toId('kp', seed),
    orgCode: customer?.startsWith('kp_') ? null : id?.startsWith('org_') ? id : toId('org', seed, 11),
  }
}

const toId = (prefix: string, seed: string, length = 32): string =>
  `${prefix}_${createHash('sha256').update(`${prefix} ${seed}`).digest('hex').slice(0, length)}`

/** The ids in an event's `data`. */
interface Ids extends Identity {
  readonly agreementId: string
  readonly planId: string
  readonly planCode: string
}

/**
 * Replaces the ids in a fixture's `data`, in either dialect. The agreement's id follows from the customer and the plan, so
 * that events of separate runs name the same agreement.
 */
export function withIdentity(
  data: Record<string, unknown>,
  identity: Identity,
  planCode: string,
): Record<string, unknown> {
  const seed = `${identity.customerId ?? 'fixture'} ${planCode}`
  const ids = { ...identity, planCode, planId: toId('plan', planCode), agreementId: toId('agreement', seed) }
  return replaceIds(data, '', ids)
}

function replaceIds(object: object, parent: string, ids: Ids): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(object).flatMap(([name, value]): [string, unknown][] => {
      if (typeof value === 'object' && value !== null && !Array.isArray(value))
        return [[name, replaceIds(value, name, ids)]]
      const id = findId(parent, name, ids)
      return id === null ? [] : [[name, id ?? value]]
    }),
  )
}

function findId(parent: string, name: string, ids: Ids): string | null | undefined {
  switch (parent === '' ? name : `${parent}.${name}`) {
    case 'customer_id':
    case 'customer.id':
      return ids.customerId
    case 'user_id':
    case 'customer.user_id':
      return ids.userId
    case 'org_code':
    case 'customer.org_code':
      return ids.orgCode
    case 'agreement_id':
    case 'customer_agreement_id':
    case 'agreement.id':
      return ids.agreementId
    case 'plan_id':
    case 'plan.id':
      return ids.planId
    case 'plan_code':
    case 'plan.code':
    case 'plan.key':
    case 'plan.name':
      return ids.planCode
    default:
      return undefined
  }
}

import * as v from 'valibot'
import type { CallOptions } from './agreements.js'
import type { Api } from './api.js'
import { isKindeManagementError, KindeManagementError } from './errors.js'
import { Id } from './lenient.js'
import { refuseUnknownOptions } from './options.js'
import { type Page, readPages } from './pages.js'
import { parseJson } from './refusal.js'

/** A billing customer, and the user or organization that it is. */
export type BillingCustomer = UserCustomer | OrganizationCustomer

/** A user that is a billing customer. */
export interface UserCustomer {
  /** Says which of the two it is. */
  readonly kind: 'user'
  /** The id of the billing customer. */
  readonly customerId: string
  /** The id of the user. */
  readonly userId: string
  /** Never there. */
  readonly orgCode?: undefined
  /** The place in the walk, an opaque text: pass it as `from` to continue after this customer. */
  readonly position: string
}

/** An organization that is a billing customer. */
export interface OrganizationCustomer {
  /** Says which of the two it is. */
  readonly kind: 'organization'
  /** The id of the billing customer. */
  readonly customerId: string
  /** The code of the organization. */
  readonly orgCode: string
  /** Never there. */
  readonly userId?: undefined
  /** The place in the walk, an opaque text: pass it as `from` to continue after this customer. */
  readonly position: string
}

/** Options of `customers`. */
export interface CustomersOptions extends CallOptions {
  /** The `position` of the last customer that was read. Default: from the start. */
  readonly from?: string | undefined
}

const MAX_USERS_PER_PAGE = '500'

const NextToken = v.optional(v.nullable(v.string()))
/** Absent or `null`: not a billing customer. Another type cannot be read. */
const UserBilling = v.optional(v.nullable(v.object({ customer_id: v.optional(v.nullable(v.string())) })))
const UsersAnswer = v.object({
  users: v.array(v.object({ id: Id, billing: UserBilling })),
  next_token: NextToken,
})
const UserAnswer = v.object({ id: Id, billing: UserBilling })
const OrganizationsAnswer = v.object({
  organizations: v.array(v.object({ code: Id })),
  next_token: NextToken,
})
// An organization's key has another name than a user's.
const OrganizationAnswer = v.object({
  code: Id,
  billing: v.optional(v.nullable(v.object({ billing_customer_id: v.optional(v.nullable(v.string())) }))),
})

type Part = 'users' | 'organizations'

/** A page, by Kinde's `next_token`, and how many of its entries have been read. */
const Position = v.tuple([v.picklist(['users', 'organizations']), v.nullable(v.string()), v.number()])

/** Reads all billing customers, users first. */
export async function* readCustomers(
  api: Api,
  { from, ...options }: CustomersOptions = {},
): AsyncGenerator<BillingCustomer, void, undefined> {
  const [startPart, page, done] = from === undefined ? (['users', null, 0] as const) : parsePosition(from)
  const start = { page: page ?? undefined, done }
  if (startPart === 'users') yield* readUsers(api, start, options)
  yield* readOrganizations(api, startPart === 'users' ? { page: undefined, done: 0 } : start, options)
}

interface Start {
  readonly page: string | undefined
  readonly done: number
}

async function* readUsers(api: Api, start: Start, { signal }: CallOptions): AsyncGenerator<BillingCustomer> {
  const users = readEntries('users', start, async (page) => {
    const answer = await api.call({
      method: 'GET',
      path: '/api/v1/users',
      query: { expand: 'billing', page_size: MAX_USERS_PER_PAGE, next_token: page },
      scope: 'read:users',
      schema: UsersAnswer,
      signal,
    })
    return { items: answer.users, next: answer.next_token || undefined }
  })
  for await (const { entry, position } of users) {
    const customerId = entry.billing?.customer_id
    if (customerId) yield { customerId, position, kind: 'user', userId: entry.id }
  }
}

async function* readOrganizations(api: Api, start: Start, options: CallOptions): AsyncGenerator<BillingCustomer> {
  const organizations = readEntries('organizations', start, async (page) => {
    const answer = await api.call({
      method: 'GET',
      path: '/api/v1/organizations',
      query: { next_token: page },
      scope: 'read:organizations',
      schema: OrganizationsAnswer,
      signal: options.signal,
    })
    return { items: answer.organizations, next: answer.next_token || undefined }
  })
  // The list has no billing ids, so each organization is asked, one after the other.
  for await (const { entry, position } of organizations) {
    const customerId = await readOrganizationCustomer(api, entry.code, options).catch((error: unknown) => {
      // deleted since the list was read
      if (isKindeManagementError(error) && error.code === 'not_found') return undefined
      throw error
    })
    if (customerId !== undefined) yield { customerId, position, kind: 'organization', orgCode: entry.code }
  }
}

/** Reads a list to its end, each entry with its position. */
async function* readEntries<Entry>(
  part: Part,
  { page: firstPage, done }: Start,
  read: (page: string | undefined) => Promise<Page<Entry>>,
): AsyncGenerator<{ entry: Entry; position: string }> {
  const pages = readPages(`GET /api/v1/${part}`, async (cursor) => {
    const page = cursor ?? firstPage
    const { items, next } = await read(page)
    const entries = items.map((entry, index) => ({
      entry,
      position: JSON.stringify([part, page ?? null, index + 1] satisfies v.InferInput<typeof Position>),
    }))
    return { items: cursor === undefined ? entries.slice(done) : entries, next }
  })
  yield* pages
}

function parsePosition(from: string): v.InferOutput<typeof Position> {
  const { success, output } = v.safeParse(Position, parseJson(from))
  if (success) return output
  throw new KindeManagementError(
    'invalid_configuration',
    'from is not the position of a customer that was read before.',
  )
}

/** A user or an organization. */
export interface CustomerOf {
  /** The id of a user. Not together with `orgCode`. */
  readonly userId?: string | undefined
  /** The code of an organization. Not together with `userId`. */
  readonly orgCode?: string | undefined
}

/** Reads the billing customer that a user or an organization is. */
export async function readCustomerOf(api: Api, of: CustomerOf, options: CallOptions = {}): Promise<string | undefined> {
  refuseUnknownOptions('customerOf', of, ['userId', 'orgCode'])
  const { userId, orgCode } = of
  if (orgCode !== undefined && userId === undefined) return readOrganizationCustomer(api, orgCode, options)
  if (userId !== undefined && orgCode === undefined) return readUserCustomer(api, userId, options)
  throw new KindeManagementError('invalid_configuration', 'customerOf takes either { userId } or { orgCode }.')
}

async function readUserCustomer(api: Api, userId: string, { signal }: CallOptions): Promise<string | undefined> {
  const { billing } = await api.call({
    method: 'GET',
    path: '/api/v1/user',
    query: { id: userId, expand: 'billing' },
    scope: 'read:users',
    schema: UserAnswer,
    signal,
  })
  return billing?.customer_id || undefined
}

async function readOrganizationCustomer(api: Api, code: string, { signal }: CallOptions): Promise<string | undefined> {
  const { billing } = await api.call({
    method: 'GET',
    path: '/api/v1/organization',
    query: { code, expand: 'billing' },
    scope: 'read:organizations',
    schema: OrganizationAnswer,
    signal,
  })
  return billing?.billing_customer_id || undefined
}

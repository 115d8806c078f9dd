import { createHash } from 'node:crypto'
import { isKindeWebhookError } from '@kinde-billing/core'
import { kindOf, withTimeout } from '@kinde-billing/core/internal'
import { readDelivery } from '@kinde-billing/postgres'
import { performAction } from './actions/perform.js'
import { signToken } from './actions/token.js'
import { serveAsset } from './assets/serve.js'
import { createWatcher, streamVersions, type Watcher, withReadTimeout } from './live.js'
import { type ConsoleOptions, resolveOptions, type Settings } from './options.js'
import { activityPage } from './pages/activity.js'
import { customerPage } from './pages/customer.js'
import { customersPage } from './pages/customers.js'
import { deliveriesPage } from './pages/deliveries.js'
import { deliveryPage } from './pages/delivery.js'
import { healthPage } from './pages/health.js'
import { layout } from './pages/layout.js'
import { errorPage, notFoundPage, refusalPage } from './pages/message.js'
import { type Page, pathTo, type View } from './view.js'

/** Answers the console's requests: pages, styles, live updates and actions. */
export type Console = (request: Request) => Promise<Response>

/**
 * Creates the operator's page: the health of the inbox, deliveries, customers and why they have access, redelivery, and the
 * comparison with Kinde. Mount it in any framework that gives a Web `Request`, for every method and every path below
 * `basePath`.
 *
 * Requests that `authorize` refuses get one answer, a 403 without content, whatever they ask for. Actions are POSTs with a
 * token that is used once; each is recorded.
 *
 * @param options - The pool, who may use the console, and what it can do.
 * @returns A Web handler, to keep for the life of the process.
 * @throws KindeWebhookError `invalid_configuration`, naming the option and the fix
 *
 * @example
 * ```ts
 * import { createConsole } from '@kinde-billing/console'
 * import { Pool } from 'pg'
 *
 * const pool = new Pool({ connectionString: process.env.DATABASE_URL, connectionTimeoutMillis: 5000 })
 * declare function readSession(request: Request): Promise<{ email: string; isAdmin: boolean } | undefined>
 *
 * const billingConsole = createConsole({
 *   pool,
 *   basePath: '/billing',
 *   async authorize(request) {
 *     const session = await readSession(request)
 *     return session?.isAdmin ? { name: session.email } : false
 *   },
 * })
 * ```
 */
export function createConsole(options: ConsoleOptions): Console {
  const settings = resolveOptions(options)
  const watcher = createWatcher(settings)
  return async (request) => {
    const operator = await identify(settings, request)
    // Before anything of the request is looked at, so that a refusal tells nothing.
    const response = operator === undefined ? refused() : await respond(settings, watcher, operator, request)
    for (const [name, value] of SECURITY_HEADERS) response.headers.set(name, value)
    return response
  }
}

interface Operator {
  readonly name: string | undefined
}

const AUTHORIZE_TIMEOUT_MS = 10_000

async function identify({ authorize, onError }: Settings, request: Request): Promise<Operator | undefined> {
  try {
    const answer = await withTimeout(Promise.resolve(authorize(request)), AUTHORIZE_TIMEOUT_MS, () => {
      throw new Error(
        `authorize has not answered within ${AUTHORIZE_TIMEOUT_MS / 1000} seconds, so the request is refused`,
      )
    })
    // It has a name too, but it is no operator: session(request).catch((error) => error) must not let anyone in.
    if (answer instanceof Error || kindOf(answer) === 'Error') throw answer
    if (answer === true) return { name: undefined }
    const name: unknown = typeof answer === 'object' ? answer?.name : answer
    return typeof name === 'string' && name.trim() !== '' ? { name: name.slice(0, 200) } : undefined
  } catch (error) {
    onError(error)
    return undefined
  }
}

const refused = (): Response =>
  new Response('Forbidden\n', {
    status: 403,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
  })

const SECURITY_HEADERS: readonly (readonly [string, string])[] = [
  [
    'content-security-policy',
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  ],
  ['x-content-type-options', 'nosniff'],
  ['x-frame-options', 'DENY'],
  // Not no-referrer: with it, browsers send "Origin: null" along with forms.
  ['referrer-policy', 'same-origin'],
  ['cross-origin-opener-policy', 'same-origin'],
  ['cross-origin-resource-policy', 'same-origin'],
  ['permissions-policy', 'camera=(), geolocation=(), microphone=(), payment=()'],
]

async function respond(settings: Settings, watcher: Watcher, operator: Operator, request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url)
  const path = splitPath(settings, pathname)
  const draft: View = { settings, now: settings.now(), actor: operator.name, token: undefined, query: searchParams }
  const { method } = request
  try {
    if (method !== 'GET' && method !== 'HEAD' && method !== 'POST') return methodNotAllowed(draft, 'GET, HEAD, POST')
    if (method === 'POST') {
      const performed = path && (await performAction(draft, request, path))
      if (performed === undefined) return toResponse(draft, notFoundPage(draft), request)
      if ('page' in performed) return toResponse(draft, performed.page, request)
      return redirect(performed.location)
    }
    if (path === undefined) return toResponse(draft, notFoundPage(draft), request)
    const asset = serveAsset(request, path)
    if (asset !== undefined) return asset
    if (path[0] === 'live' && path.length === 1 && method === 'GET') return live(draft, watcher, request)
    if (path[0] === 'search' && path.length === 1) return redirect(await findTarget(draft))
    const view = await withReadTimeout(withToken(draft))
    return toResponse(view, await withReadTimeout(readPage(view, path)), request)
  } catch (error) {
    return toResponse(draft, toErrorPage(draft, error), request)
  }
}

const isBelow = ({ basePath }: Settings, pathname: string): boolean =>
  pathname === basePath || pathname.startsWith(`${basePath}/`)

/** The decoded segments below the base path, or `undefined` if the path is not one of the console's. */
function splitPath(settings: Settings, pathname: string): string[] | undefined {
  const { basePath } = settings
  if (!isBelow(settings, pathname)) return undefined
  try {
    return pathname.slice(basePath.length).split('/').filter(Boolean).map(decodeURIComponent)
  } catch {
    return undefined
  }
}

async function readPage(view: View, [section, subject, ...rest]: readonly string[]): Promise<Page> {
  if (rest.length > 0) return notFoundPage(view)
  if (section === undefined) return healthPage(view)
  if (section === 'deliveries') return subject === undefined ? deliveriesPage(view) : deliveryPage(view, subject)
  if (section === 'customers') return subject === undefined ? customersPage(view) : customerPage(view, subject)
  if (section === 'activity' && subject === undefined) return activityPage(view)
  return notFoundPage(view)
}

async function withToken(view: View): Promise<View> {
  const { settings, actor, now } = view
  return settings.readOnly ? view : { ...view, token: signToken(await settings.secret(), actor, now) }
}

function toErrorPage(view: View, error: unknown): Page {
  if (isKindeWebhookError(error) && error.code === 'invalid_configuration')
    return refusalPage(view, 400, 'This link is not valid: a part of its address is missing or was changed.')
  view.settings.onError(error)
  return errorPage(view, error)
}

function toResponse(view: View, page: Page, request: Request): Response {
  const document = layout(view, page, versionOf(page, view))
  return new Response(request.method === 'HEAD' ? null : document.markup, {
    status: page.status ?? 200,
    headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
  })
}

const methodNotAllowed = (view: View, allow: string): Response => {
  const response = toResponse(
    view,
    refusalPage(view, 405, 'This method is not allowed here.'),
    new Request('http://console/'),
  )
  response.headers.set('allow', allow)
  return response
}

const redirect = (location: string): Response =>
  new Response(null, { status: 303, headers: { location, 'cache-control': 'no-store' } })

/** A text that differs if the page says something else. Relative times, tokens and static parts say nothing new. */
function versionOf({ main }: Page, { token }: View): string {
  const text = main.markup.replace(/<span class="rel">[^<]*<\/span>|<!--static-->[\s\S]*?<!--\/static-->/g, '')
  return createHash('sha256')
    .update(token === undefined ? text : text.replaceAll(token, ''))
    .digest('base64url')
    .slice(0, 22)
}

/** Live updates of the page that `?page=` names. */
function live(draft: View, watcher: Watcher, request: Request): Response {
  const { settings } = draft
  const address = draft.query.get('page') ?? ''
  const url = URL.canParse(address, 'http://console/') ? new URL(address, 'http://console/') : undefined
  if (url === undefined || !isBelow(settings, url.pathname)) return toResponse(draft, notFoundPage(draft), request)
  // undefined for an address that cannot be decoded: its page, too, says that it is live
  const path = splitPath(settings, url.pathname)
  // Kinde is asked once, when the page is loaded.
  url.searchParams.delete('check')
  const readVersion = async (): Promise<string> => {
    const view = await withToken({ ...draft, now: settings.now(), query: url.searchParams })
    return versionOf(path === undefined ? notFoundPage(view) : await readPage(view, path), view)
  }
  return streamVersions(watcher, readVersion, async () => (await identify(settings, request)) !== undefined)
}

/** The page that a search opens: the event of that id, or the customers that match. */
async function findTarget(view: View): Promise<string> {
  const { pool, tables } = view.settings
  const text = view.query.get('q')?.replaceAll('\0', '').trim() ?? ''
  const delivery = text === '' ? undefined : await readDelivery(pool, text, { table: tables.deliveries })
  return delivery === undefined ? pathTo(view, ['customers'], { q: text }) : pathTo(view, ['deliveries', text])
}

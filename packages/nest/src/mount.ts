import type { IncomingMessage, ServerResponse } from 'node:http'
import { KindeWebhookError } from '@kinde-billing/core'
import type { HttpAdapterHost } from '@nestjs/core'

type NodeHandler = (req: IncomingMessage, res: ServerResponse) => Promise<void>
type HttpAdapter = HttpAdapterHost['httpAdapter']

interface ExpressApp {
  all(path: string, handler: NodeHandler): unknown
}

interface FastifyScope {
  all(path: string, handler: () => void): unknown
  addHook(
    name: 'onRequest',
    hook: (request: { raw: IncomingMessage }, reply: { raw: ServerResponse; hijack(): unknown }) => Promise<void>,
  ): unknown
}

interface FastifyApp {
  register(plugin: (scope: FastifyScope) => Promise<void>): unknown
}

/** The paths of the endpoints of each application. */
const mountedPaths = new WeakMap<HttpAdapterHost, Set<string>>()

/**
 * Mounts a handler on the application below Nest's own routing as soon as there is an HTTP adapter, which is before Nest
 * registers its body parsers. An application context without HTTP has none.
 *
 * @throws KindeWebhookError `invalid_configuration` if another endpoint has the path, or the application already listens
 */
export function mountOnAdapter(host: HttpAdapterHost, path: string, handler: NodeHandler): void {
  assertMountable(host, path)
  host.init$.subscribe(() => {
    const adapter: HttpAdapter | null | undefined = host.httpAdapter
    if (adapter) mount(adapter, path, handler)
  })
}

function assertMountable(host: HttpAdapterHost, path: string): void {
  if (host.listening)
    throw new KindeWebhookError(
      'invalid_configuration',
      'KindeBillingModule was loaded after the application began to listen. Import it in a module that is not loaded lazily.',
    )
  const paths = mountedPaths.get(host) ?? new Set()
  // Express takes both for one path.
  const normalized = path.toLowerCase().replace(/\/$/, '')
  if (paths.has(normalized))
    throw new KindeWebhookError(
      'invalid_configuration',
      `Two endpoints have the path ${path}. Call KindeBillingModule.forRoot() once and import its module where you need it, or give each endpoint a path and a name.`,
    )
  mountedPaths.set(host, paths.add(normalized))
}

function mount(adapter: HttpAdapter, path: string, handler: NodeHandler): void {
  switch (adapter.getType()) {
    case 'express':
      adapter.getInstance<ExpressApp>().all(path, handler)
      return
    case 'fastify':
      adapter.getInstance<FastifyApp>().register(async (scope) => {
        // The first hook of the route: the body is not read yet, and the media type not checked.
        scope.addHook('onRequest', async (request, reply) => {
          reply.hijack()
          await handler(request.raw, reply.raw)
        })
        scope.all(path, () => {})
      })
      return
    default:
      throw new KindeWebhookError(
        'invalid_configuration',
        `The HTTP adapter "${adapter.getType()}" is not supported. Use the adapter of Express or Fastify.`,
      )
  }
}

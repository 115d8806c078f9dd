import { createServer, type RequestListener, type Server } from 'node:http'
import { bundleSnippets } from '../snippets/bundle.js'
import { findSnippets, type Snippet } from '../snippets/find.js'
import { loadSnippet } from '../snippets/load.js'
import { portOf } from './machine.js'

const SAMPLE = 'docs/samples/express.ts'
const LISTENS = /\.listen\(3000/
const RECEIVES = /^export const receive = kindeBilling\(/m

/** The application that a reader of a page has at http://localhost:3000, in this process. */
export interface Application {
  readonly port: number
  close(): Promise<void>
}

/** The application of a page: a snippet that listens or receives, otherwise the first sample of the quick start. */
export function findApplication(page: string): Snippet {
  const all = findSnippets()
  const own = all.filter(({ file }) => file === page)
  const found =
    own.find(({ text }) => LISTENS.test(text)) ??
    own.find(({ text }) => RECEIVES.test(text)) ??
    all.find(({ file }) => file === SAMPLE)
  if (found === undefined) throw new Error(`${SAMPLE} is missing`)
  return found
}

/** Starts the application of a page. */
export async function startApplication(page: string, change = (text: string): string => text): Promise<Application> {
  const snippet = findApplication(page)
  const bundle = await bundleSnippets([snippet], change)
  const { servers, receivers } = await loadSnippet(bundle.files.get(snippet.name) ?? '')
  const server = (servers[0] as Server | undefined) ?? createServer(receivers[0]?.receiver as RequestListener).listen(0)
  if (!server.listening) await new Promise((resolve) => server.once('listening', resolve))
  return {
    port: portOf(server),
    async close() {
      server.close()
      if ('closeAllConnections' in server) server.closeAllConnections()
      bundle.remove()
    },
  }
}

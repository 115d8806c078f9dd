import type { Html } from './html.js'
import type { Settings } from './options.js'

/** One request's view of the console: who looks, when, and what they may do. */
export interface View {
  readonly settings: Settings
  readonly now: number
  /** The operator, if `authorize` has named them. */
  readonly actor: string | undefined
  /** The token for this page's forms; `undefined` if the console is read-only. */
  readonly token: string | undefined
  /** The query of the page's address. */
  readonly query: URLSearchParams
}

/** A page, before the frame around it. */
export interface Page {
  readonly status?: number
  readonly title: string
  readonly section: Section | undefined
  readonly main: Html
}

/** The entries of the navigation. */
export type Section = 'health' | 'deliveries' | 'customers' | 'activity'

/** A path of the console, with its segments encoded. */
export function pathTo(
  view: View,
  segments: readonly string[],
  query: Readonly<Record<string, string | undefined>> = {},
): string {
  const path = segments.map((segment) => `/${encodeSegment(segment)}`).join('')
  const pairs = Object.entries(query).flatMap(([name, value]) => (value ? [[name, value]] : []))
  const search = new URLSearchParams(pairs).toString()
  return `${view.settings.basePath}${path}${search && `?${search}`}` || '/'
}

// A colon may stand in a path, and keeps the addresses of customers readable. Half of a surrogate pair cannot be encoded.
const encodeSegment = (segment: string): string =>
  encodeURIComponent(segment.replace(/\p{Cs}/gu, '\ufffd')).replaceAll('%3A', ':')

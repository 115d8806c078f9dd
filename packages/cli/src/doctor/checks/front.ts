import type { Answer } from '../../endpoint/send.js'
import { type CheckOutcome, found } from '../check.js'
import { finding } from '../faults.js'
import { isPage, type Session } from '../session.js'

/** Finds a redirect or a page in front of the endpoint, which is then not examined further. */
export async function findFront(session: Session, first: Answer): Promise<CheckOutcome | undefined> {
  const { status = 0, headers, body } = first
  if (status >= 300 && status < 400) {
    const to = headers.location === undefined ? 'without a location' : `to ${headers.location.slice(0, 200)}`
    return found(finding('endpoint_redirects', `It answered ${status} ${to}.`))
  }
  if (!isWebPage(first) || !(await isSamePageForAll(session, status))) return undefined
  const title = /<title>([^<]{1,80})/i.exec(body)?.[1]?.trim()
  const evidence = `It answered ${status} with a web page${title === undefined ? '' : `, titled "${title}"`}.`
  return found(finding('page_in_front', evidence))
}

const isWebPage = ({ headers, body }: Answer): boolean =>
  isPage(body) && /html/i.test(headers['content-type'] ?? 'html')

/** Frameworks write their errors as pages, and a receiver may answer success with one. Neither answers everything alike. */
async function isSamePageForAll(session: Session, status: number): Promise<boolean> {
  if (status === 404 || status >= 500) return false
  const others = [await session.request({ body: 'no token' }), await session.request({ method: 'GET' })]
  if (status === 405) return others[0]?.status === 405
  return others.every((other) => other.status === status && isWebPage(other))
}

import { promises as dns, type LookupAddress } from 'node:dns'
import { BlockList, isIP } from 'node:net'
import { UsageError } from '../usage-error.js'

/** An endpoint that may be called: its URL, and the addresses its name stood for when it was judged. */
export interface Target {
  readonly url: URL
  readonly addresses: readonly LookupAddress[]
}

export interface TargetOptions {
  /** Whether addresses outside this machine and its private networks may be called. */
  readonly allowRemote?: boolean | undefined
  /** Resolves a name to all its addresses. Default: the system's resolver. */
  readonly lookup?: ((hostname: string) => Promise<LookupAddress[]>) | undefined
}

/** This machine, and the networks of RFC 1918 and RFC 4193. */
const NEARBY = new BlockList()
NEARBY.addSubnet('127.0.0.0', 8)
NEARBY.addAddress('0.0.0.0')
NEARBY.addSubnet('10.0.0.0', 8)
NEARBY.addSubnet('172.16.0.0', 12)
NEARBY.addSubnet('192.168.0.0', 16)
NEARBY.addAddress('::1', 'ipv6')
NEARBY.addAddress('::', 'ipv6')
NEARBY.addSubnet('fc00::', 7, 'ipv6')

/** Whether an address is this machine's own or of a private network. */
export function isNearby({ address, family }: LookupAddress): boolean {
  return NEARBY.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

/**
 * Judges the URL of an endpoint, and every address its name stands for. Those addresses are what is called, whatever the
 * name stands for a moment later.
 *
 * @throws UsageError for what is no http or https URL, a name that does not resolve, and an address elsewhere without
 * `allowRemote`
 */
export async function resolveTarget(
  text: string,
  { allowRemote = false, lookup = (hostname) => dns.lookup(hostname, { all: true }) }: TargetOptions = {},
): Promise<Target> {
  const url = parseUrl(text)
  const hostname = url.hostname.replace(/^\[|\]$/g, '')
  const literal = isIP(hostname)
  const addresses = literal === 0 ? await resolve(hostname, lookup) : [{ address: hostname, family: literal }]
  const remote = addresses.find((address) => !isNearby(address))
  if (remote !== undefined && !allowRemote)
    throw new UsageError(
      `${url.host} is ${remote.address}, which is neither this machine nor a private network. Signed test deliveries are sent there with --allow-remote only.`,
    )
  return { url, addresses }
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    throw new UsageError(
      `${JSON.stringify(text)} is no URL to deliver to: pass one such as http://localhost:3000/webhooks/kinde.`,
    )
  if (url.username !== '' || url.password !== '')
    throw new UsageError('The URL holds credentials, which Kinde would not send: leave them out.')
  return url
}

async function resolve(
  hostname: string,
  lookup: (hostname: string) => Promise<LookupAddress[]>,
): Promise<LookupAddress[]> {
  const addresses = await lookup(hostname).catch(() => [])
  if (addresses.length === 0)
    throw new UsageError(`${hostname} does not resolve to an address: check the name in the URL.`)
  return addresses
}

import { promises as dns, type LookupAddress } from 'node:dns'
import { BlockList, isIP } from 'node:net'
import { UsageError } from '../usage-error.js'

/** An endpoint that may be called: its URL, and the addresses that were checked. */
export interface Target {
  readonly url: URL
  readonly addresses: readonly LookupAddress[]
}

export interface TargetOptions {
  /** Allow addresses outside this machine and private networks. Default: `false`. */
  readonly allowRemote?: boolean | undefined
  /** Resolves a name to all of its addresses. Default: the system's resolver. */
  readonly lookup?: ((hostname: string) => Promise<LookupAddress[]>) | undefined
}

/** This machine, and the private networks of RFC 1918 and RFC 4193. */
const NEARBY = new BlockList()
NEARBY.addSubnet('127.0.0.0', 8)
NEARBY.addAddress('0.0.0.0')
NEARBY.addSubnet('10.0.0.0', 8)
NEARBY.addSubnet('172.16.0.0', 12)
NEARBY.addSubnet('192.168.0.0', 16)
NEARBY.addAddress('::1', 'ipv6')
NEARBY.addAddress('::', 'ipv6')
NEARBY.addSubnet('fc00::', 7, 'ipv6')

/** Checks that an address belongs to this machine or a private network. */
export function isNearby({ address, family }: LookupAddress): boolean {
  return NEARBY.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

/**
 * Checks the URL of an endpoint and every address of its name. Only these addresses are called later, even if the name
 * resolves to others by then.
 *
 * @throws UsageError if the URL is not http or https, the name does not resolve, or an address is remote and `allowRemote`
 * is not set
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
      `${url.host} is ${remote.address}, which is neither this machine nor a private network. Pass --allow-remote to send signed test deliveries there.`,
    )
  return { url, addresses }
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    throw new UsageError(
      `${JSON.stringify(text)} is not an http or https URL. Pass one such as http://localhost:3000/webhooks/kinde.`,
    )
  if (url.username !== '' || url.password !== '')
    throw new UsageError('The URL contains credentials, which Kinde does not send. Leave them out.')
  return url
}

async function resolve(
  hostname: string,
  lookup: (hostname: string) => Promise<LookupAddress[]>,
): Promise<LookupAddress[]> {
  const addresses = await lookup(hostname).catch(() => [])
  if (addresses.length === 0)
    throw new UsageError(`${hostname} does not resolve to an address. Check the name in the URL.`)
  return addresses
}

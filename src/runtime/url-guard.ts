/**
 * Merchants choose where notices go, so a notice URL may point at our own network (SSRF). The check
 * has two parts: the URL's words when it is given to us, and its addresses whenever a connection is
 * made. We resolve the name ourselves, look at every address it has, and connect to just those, so
 * that a name that changes its mind in between (DNS rebinding) gains nothing.
 */
import type { LookupAddress } from 'node:dns';
import { lookup, Resolver } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import type { LookupFunction } from 'node:net';
import { buildConnector } from 'undici';

export type GuardMode = 'sandbox' | 'live';

/** Resolves a name to all of its addresses; rejects when it has none. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

/** The name, or one of its addresses, is not for notices. The address stays ours: it may name an inner machine. */
export class AddressRefused extends Error {
  constructor(hostname: string) {
    super(`${hostname} does not lead to a public address`);
  }
}

const URL_LENGTH_MAX = 2_048;
const PORTS_LIVE: readonly string[] = ['', '443', '8443'];
/** A name server that takes longer is as good as none; the notice is tried again. */
const DNS_TIMEOUT_MS = 3_000;

/** https://www.iana.org/assignments/iana-ipv4-special-registry, and a cloud's own metadata address. */
const BLOCKED_IPV4: readonly string[] = [
  '0.0.0.0/8',
  '100.64.0.0/10',
  '169.254.0.0/16',
  '168.63.129.16/32',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];
/** A developer's own machine and containers: allowed in sandbox mode only. */
const NEAR_IPV4: readonly string[] = [
  '10.0.0.0/8',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
];
/**
 * Of IPv6 only 2000::/3 is handed out for public use: everything outside of it is blocked, and with
 * it the mapped and translated forms of IPv4; inside it, what carries IPv4 (6to4, Teredo) or documents.
 */
const BLOCKED_IPV6: readonly string[] = [
  '::/3',
  '4000::/2',
  '8000::/1',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
];

const BLOCKED = {
  ipv4: newBlockList('ipv4', BLOCKED_IPV4),
  ipv6: newBlockList('ipv6', BLOCKED_IPV6),
};
const NEAR = {
  ipv4: newBlockList('ipv4', NEAR_IPV4),
  ipv6: newBlockList('ipv6', ['::1/128', 'fc00::/7']),
};

/**
 * Whether a merchant may have notices sent to this URL: null, or one sentence that says why not.
 * Looks at the words only; where the name leads is checked at each connection.
 */
export function checkNoticeUrl(text: string, mode: GuardMode): string | null {
  if (text.length > URL_LENGTH_MAX) return `The URL is longer than ${URL_LENGTH_MAX} characters.`;
  // The URL parser would drop some of these and turn others round: two readers, two meanings.
  if (/[\s\p{C}\\]/u.test(text)) {
    return 'The URL contains a space, a control character or a backslash.';
  }
  const url = URL.parse(text);
  if (!url) return 'This is not a complete URL.';
  if (url.protocol !== 'https:' && !(mode === 'sandbox' && url.protocol === 'http:')) {
    return mode === 'live'
      ? 'The URL must start with https://.'
      : 'The URL must start with http:// or https://.';
  }
  if (url.username !== '' || url.password !== '')
    return 'The URL may not contain a user name or password.';
  if (text.includes('#')) return 'The URL may not contain a fragment (#).';
  if (mode === 'live' && !PORTS_LIVE.includes(url.port)) return 'The port must be 443 or 8443.';
  return checkHost(url.hostname, mode);
}

function checkHost(hostname: string, mode: GuardMode): string | null {
  const address = hostname.replace(/^\[(.*)\]$/u, '$1');
  if (isIP(address) !== 0) {
    return isBlocked(address, mode) ? 'The URL leads to an address that is not public.' : null;
  }
  const name = hostname.endsWith('.') ? hostname.slice(0, -1) : hostname;
  const labels = name.split('.');
  if (name.length > 253 || labels.some((label) => label === '' || label.length > 63)) {
    return 'The host name is not a valid one.';
  }
  if (mode === 'sandbox') return null;
  if (labels.length < 2 || ['localhost', 'local', 'internal'].includes(labels.at(-1) ?? '')) {
    return 'The host name is not a public one.';
  }
  return null;
}

/** Whether notices may not be sent to this IP address, in any of its textual forms that `isIP` knows. */
export function isBlocked(address: string, mode: GuardMode): boolean {
  const family = familyOf(address);
  if (family === null) return true;
  if (NEAR[family].check(address, family)) return mode === 'live';
  return BLOCKED[family].check(address, family);
}

function familyOf(address: string): 'ipv4' | 'ipv6' | null {
  const version = isIP(address);
  // A zone (fe80::1%eth0) names an interface of ours.
  if (version === 0 || address.includes('%')) return null;
  return version === 4 ? 'ipv4' : 'ipv6';
}

/**
 * How connections to merchants are made: an undici connector that resolves the name itself, refuses
 * it when any of its addresses is blocked, and connects to those addresses and no others.
 */
export function guardedConnector(
  mode: GuardMode,
  options: { readonly timeoutMs: number; readonly resolve?: Resolve },
): buildConnector.connector {
  const resolve = options.resolve ?? (mode === 'live' ? publicResolve() : systemResolve);
  const connect = buildConnector({
    timeout: options.timeoutMs,
    allowH2: false,
    lookup: guardedLookup(mode, resolve),
    autoSelectFamily: true,
  });
  return (target, callback) => {
    const address = target.hostname.replace(/^\[(.*)\]$/u, '$1');
    // An address is connected to without a look-up, so it is judged here.
    if (isIP(address) !== 0 && isBlocked(address, mode)) {
      callback(new AddressRefused(address), null);
      return;
    }
    connect(target, callback);
  };
}

function guardedLookup(mode: GuardMode, resolve: Resolve): LookupFunction {
  const publicAddresses = async (
    hostname: string,
  ): Promise<[LookupAddress, ...LookupAddress[]]> => {
    const [first, ...others] = await resolve(hostname);
    if (!first) throw new Error(`${hostname} has no address`);
    const addresses: [LookupAddress, ...LookupAddress[]] = [first, ...others];
    if (addresses.some((one) => isBlocked(one.address, mode))) throw new AddressRefused(hostname);
    return addresses;
  };
  return (hostname, options, answer) => {
    const tell = async (): Promise<void> => {
      const found = await publicAddresses(hostname).catch(asError);
      if (found instanceof Error) answer(found, []);
      else if (options.all === true) answer(null, found);
      else answer(null, found[0].address, found[0].family);
    };
    void tell();
  };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** The machine's own way of resolving names, with its hosts file: for developers. */
async function systemResolve(hostname: string): Promise<LookupAddress[]> {
  return await lookup(hostname, { all: true });
}

/** The name servers only: no hosts file, no search domain, and no thread that a slow one could hold. */
function publicResolve(): Resolve {
  const resolver = new Resolver({ timeout: DNS_TIMEOUT_MS, tries: 2 });
  return async (hostname) => {
    const answers = await Promise.allSettled([
      resolver.resolve4(hostname).then((found) => found.map((address) => ({ address, family: 4 }))),
      resolver.resolve6(hostname).then((found) => found.map((address) => ({ address, family: 6 }))),
    ]);
    const addresses = answers.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
    // One kind of address is enough: nothing but what was found here is connected to.
    const failed = answers.find((one) => one.status === 'rejected');
    if (addresses.length === 0 && failed) throw asError(failed.reason);
    return addresses;
  };
}

function newBlockList(family: 'ipv4' | 'ipv6', networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    list.addSubnet(address, Number(bits), family);
  }
  return list;
}

/**
 * The addresses that sources may be downloaded from: never this machine, a private network or a cloud's metadata service, unless
 * the operator allows it.
 */
import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { sourceFailure } from './source.js';

export interface HttpRules {
  /** `example.com`, or `*.example.com` for all its subdomains; empty: any host. */
  readonly hosts: readonly string[];
  /** Addresses (`127.0.0.1`, `10.0.0.0/8`) that are allowed although their range is rejected. */
  readonly addresses: readonly string[];
  /** How a refusal of a host or an address begins. Default: `imports must not read from`. */
  readonly refusal?: string;
}

/**
 * Targets of server-side request forgery: this host, the networks behind it, and the keys in metadata services. The first match
 * names the target, so that special addresses come before their networks.
 */
const REFUSED: readonly (readonly [address: string, prefix: number, what: string])[] = [
  ['0.0.0.0', 8, 'this host'],
  ['127.0.0.0', 8, 'loopback'],
  ['169.254.0.0', 16, 'link-local'],
  ['100.100.100.200', 32, 'the metadata service of Alibaba Cloud'],
  ['192.0.0.192', 32, 'the metadata service of Oracle Cloud'],
  ['168.63.129.16', 32, 'the platform service of Azure'],
  ['10.0.0.0', 8, 'a private network'],
  ['172.16.0.0', 12, 'a private network'],
  ['192.168.0.0', 16, 'a private network'],
  ['100.64.0.0', 10, 'a network shared behind NAT or inside a cloud'],
  ['192.0.0.0', 24, 'reserved for protocols'],
  ['198.18.0.0', 15, 'reserved for benchmarks'],
  ['224.0.0.0', 4, 'multicast'],
  ['240.0.0.0', 4, 'reserved'],
  ['::', 128, 'this host'],
  ['::1', 128, 'loopback'],
  ['fe80::', 10, 'link-local'],
  ['fec0::', 10, 'site-local'],
  ['ff00::', 8, 'multicast'],
  ['fd00:ec2::254', 128, 'the metadata service of AWS'],
  ['fd20:ce::254', 128, 'the metadata service of Google Cloud'],
  ['fc00::', 7, 'a private network'],
  // Carry IPv4 addresses in ways that depend on the network or hide them.
  ['64:ff9b:1::', 48, 'a private NAT64'],
  ['2001::', 32, 'a Teredo tunnel'],
];

/** IPv6 ranges that contain an IPv4 address: the rules apply to that address. */
const CARRIERS = [
  { list: network('::', 96), firstGroup: 6 },
  { list: network('::ffff:0:0', 96), firstGroup: 6 },
  { list: network('::ffff:0:0:0', 96), firstGroup: 6 },
  { list: network('64:ff9b::', 96), firstGroup: 6 },
  { list: network('2002::', 16), firstGroup: 1 },
];
/** An interface identifier of ISATAP, which any prefix may have (RFC 5214): an IPv4 address follows. */
const ISATAP = { groups: [0x0000, 0x0200], marker: 0x5efe };

export interface AddressGuard {
  /** Throws `Source.HostNotAllowed` if the rules do not allow the host. */
  checkHost(host: string): void;
  /** Throws `Source.AddressNotAllowed`; `host` is for the message. */
  checkAddress(address: string, host: string): void;
}

/** @param ownAddresses of this host; requested for every check, because interfaces come and go */
export function createAddressGuard(rules: HttpRules, ownAddresses: () => readonly string[] = interfaces): AddressGuard {
  const { refusal = 'imports must not read from' } = rules;
  const allowed = new BlockList();
  for (const entry of rules.addresses) add(allowed, entry);
  const refused = REFUSED.map(([address, prefix, what]) => ({ list: network(address, prefix), what }));

  return {
    checkHost(host) {
      if (rules.hosts.length === 0 || rules.hosts.some((pattern) => matchesHost(host, pattern))) return;
      throw sourceFailure('HostNotAllowed', `${refusal} ${host} (allowed: ${rules.hosts.join(', ')})`);
    },
    checkAddress(address, host) {
      const [plain = ''] = address.replace(/^\[|\]$/g, '').split('%');
      if (isIP(plain) === 0) throw sourceFailure('AddressNotAllowed', `${host} has no valid IP address`);
      const own = new BlockList();
      for (const one of ownAddresses()) own.addAddress(one, kindOf(one));
      for (const one of [plain, ...carried(plain)]) {
        if (allowed.check(one, kindOf(one))) return;
        const found = refused.find(({ list }) => list.check(one, kindOf(one)));
        const what = found?.what ?? (own.check(one, kindOf(one)) ? 'an address of this host' : null);
        if (what === null) continue;
        const named = host === address ? host : `${host}, which is ${address}`;
        throw sourceFailure('AddressNotAllowed', `${refusal} ${named} (${what})`);
      }
    },
  };
}

function interfaces(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((addresses = []) => addresses.map(({ address }) => address));
}

/** @param pattern `example.com`, or `*.example.com` for all its subdomains */
export function matchesHost(host: string, pattern: string): boolean {
  const name = host.toLowerCase().replace(/^\[|\]$|\.$/g, '');
  const expected = pattern.toLowerCase();
  return expected.startsWith('*.') ? name.endsWith(expected.slice(1)) : name === expected;
}

function kindOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

function network(address: string, prefix: number): BlockList {
  const list = new BlockList();
  list.addSubnet(address, prefix, kindOf(address));
  return list;
}

function add(list: BlockList, entry: string): void {
  const [address = '', prefix] = entry.split('/');
  const most = isIP(address) === 6 ? 128 : 32;
  const bits = Number(prefix ?? most);
  if (isIP(address) === 0 || !Number.isInteger(bits) || bits < 0 || bits > most) {
    throw new Error(`${entry} is not an address or a network (such as 127.0.0.1, 10.0.0.0/8 or fd00::/8)`);
  }
  list.addSubnet(address, bits, kindOf(address));
}

/** The IPv4 addresses inside an IPv6 address. */
function carried(address: string): string[] {
  if (isIP(address) !== 6) return [];
  const groups = groupsOf(address);
  const places = CARRIERS.filter(({ list }) => list.check(address, 'ipv6')).map(({ firstGroup }) => firstGroup);
  if (ISATAP.groups.includes(groups[4] ?? -1) && groups[5] === ISATAP.marker) places.push(6);
  return places.map((firstGroup) => {
    const [high = 0, low = 0] = groups.slice(firstGroup);
    return [high >>> 8, high & 0xff, low >>> 8, low & 0xff].join('.');
  });
}

function groupsOf(address: string): number[] {
  // URL normalizes every notation of an IPv6 address.
  const { hostname } = new URL(`http://[${address}]`);
  const [head = '', tail] = hostname.slice(1, -1).split('::');
  const parse = (text: string) => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)));
  const first = parse(head);
  if (tail === undefined) return first;
  const last = parse(tail);
  return [...first, ...new Array<number>(8 - first.length - last.length).fill(0), ...last];
}

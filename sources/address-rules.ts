/** The hosts that sources may be downloaded from: never this machine or a cloud's metadata service, unless the operator allows it. */
import { BlockList, isIP } from 'node:net';
import { sourceFailure } from './source.js';

export interface HttpRules {
  /** `example.com`, or `*.example.com` for all its subdomains; empty: any host. */
  readonly hosts: readonly string[];
  /** Addresses (`127.0.0.1`, `10.0.0.0/8`) that are allowed although their range is rejected. */
  readonly addresses: readonly string[];
}

/** Targets of server-side request forgery: this host, its neighbours on the link, and the keys in metadata services. */
const REFUSED: readonly (readonly [address: string, prefix: number, what: string])[] = [
  ['0.0.0.0', 8, 'this host'],
  ['127.0.0.0', 8, 'loopback'],
  ['169.254.0.0', 16, 'link-local'],
  ['100.100.100.200', 32, 'the metadata service of Alibaba Cloud'],
  ['192.0.0.192', 32, 'the metadata service of Oracle Cloud'],
  ['168.63.129.16', 32, 'the platform service of Azure'],
  ['224.0.0.0', 4, 'multicast'],
  ['240.0.0.0', 4, 'reserved'],
  ['::', 128, 'this host'],
  ['::1', 128, 'loopback'],
  ['fe80::', 10, 'link-local'],
  ['fec0::', 10, 'site-local'],
  ['ff00::', 8, 'multicast'],
  ['fd00:ec2::254', 128, 'the metadata service of AWS'],
  ['fd20:ce::254', 128, 'the metadata service of Google Cloud'],
];

/** IPv6 ranges that contain an IPv4 address: the rules apply to that address. */
const CARRIERS = [
  { list: network('::', 96), firstGroup: 6 },
  { list: network('::ffff:0:0', 96), firstGroup: 6 },
  { list: network('64:ff9b::', 96), firstGroup: 6 },
  { list: network('2002::', 16), firstGroup: 1 },
];

export interface AddressGuard {
  /** Throws `Source.HostNotAllowed` if the rules do not allow the host. */
  checkHost(host: string): void;
  /** Throws `Source.AddressNotAllowed`; `host` is for the message. */
  checkAddress(address: string, host: string): void;
}

export function createAddressGuard(rules: HttpRules): AddressGuard {
  const allowed = new BlockList();
  for (const entry of rules.addresses) add(allowed, entry);
  const refused = REFUSED.map(([address, prefix, what]) => ({ list: network(address, prefix), what }));

  return {
    checkHost(host) {
      const name = host.toLowerCase().replace(/\.$/, '');
      if (rules.hosts.length === 0 || rules.hosts.some((pattern) => matches(name, pattern.toLowerCase()))) return;
      throw sourceFailure(
        'HostNotAllowed',
        `images must not be downloaded from ${host} (allowed: ${rules.hosts.join(', ')})`,
      );
    },
    checkAddress(address, host) {
      const [plain = ''] = address.replace(/^\[|\]$/g, '').split('%');
      if (isIP(plain) === 0) throw sourceFailure('AddressNotAllowed', `${host} has no valid IP address`);
      for (const one of [plain, ...carried(plain)]) {
        if (allowed.check(one, kindOf(one))) return;
        const found = refused.find(({ list }) => list.check(one, kindOf(one)));
        if (found) {
          throw sourceFailure(
            'AddressNotAllowed',
            `imports must not read from ${host}${host === address ? '' : `, which is ${address}`} (${found.what})`,
          );
        }
      }
    },
  };
}

function matches(host: string, pattern: string): boolean {
  return pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : host === pattern;
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

/** The IPv4 address inside an IPv6 address. */
function carried(address: string): string[] {
  if (isIP(address) !== 6) return [];
  const groups = groupsOf(address);
  return CARRIERS.filter(({ list }) => list.check(address, 'ipv6')).map(({ firstGroup }) => {
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

/**
 * Which proxy a request goes through: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, as curl reads them. Requests to this
 * host and to metadata services never go through a proxy, because it would send them from another machine.
 */
import { BlockList, isIP } from 'node:net';

export interface ProxyAddress {
  readonly host: string;
  readonly port: number;
  /** The connection to the proxy uses TLS. */
  readonly secure: boolean;
  /** The value of Proxy-Authorization; null: no user name in the URL. A secret. */
  readonly authorization: string | null;
}

/** @returns the proxy for a target; null: a direct connection */
export type ProxyFor = (target: {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
}) => ProxyAddress | null;

type Environment = Readonly<Record<string, string | undefined>>;

/** Metadata services, and the addresses of this host and its link. */
const NEVER = blockList([
  ['127.0.0.0', 8],
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['100.100.100.200', 32],
  ['168.63.129.16', 32],
  ['192.0.0.192', 32],
  ['::1', 128],
  ['::', 128],
  ['fe80::', 10],
  ['fd00:ec2::254', 128],
  ['fd20:ce::254', 128],
]);

/** Throws an `Error` that names the variable if a URL is invalid; it never contains the URL. */
export function proxiesFromEnvironment(env: Environment): ProxyFor {
  // As in curl, lower case wins.
  const read = (name: string) => env[name.toLowerCase()] || env[name] || undefined;
  const all = read('ALL_PROXY');
  const proxyOf = (name: string) => {
    const own = read(name);
    if (own !== undefined) return parseProxy(name, own);
    // Other programs of the host may need a SOCKS proxy, which this service does not support.
    return all === undefined || /^socks/i.test(all) ? null : parseProxy('ALL_PROXY', all);
  };
  const http = proxyOf('HTTP_PROXY');
  const https = proxyOf('HTTPS_PROXY');
  const isExcluded = exclusions(read('NO_PROXY') ?? '');
  return ({ secure, host, port }) => {
    const name = host.replace(/^\[|\]$/g, '').toLowerCase();
    return isNever(name) || isExcluded(name, port) ? null : secure ? https : http;
  };
}

const VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'].flatMap((name) => [name, name.toLowerCase()]);

let latest = { values: '', proxyFor: proxiesFromEnvironment({}) };

/** The proxies of this process's environment. They are read on use: an invalid variable must not prevent `--help`. */
export const environmentProxies: ProxyFor = (target) => {
  const values = JSON.stringify(VARIABLES.map((name) => process.env[name] ?? ''));
  if (values !== latest.values) latest = { values, proxyFor: proxiesFromEnvironment(process.env) };
  return latest.proxyFor(target);
};

function parseProxy(variable: string, text: string): ProxyAddress {
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.hostname === '') {
    throw new Error(`${variable}: set http://HOST:PORT or https://HOST:PORT, with USER:PASSWORD@ if required`);
  }
  const secure = url.protocol === 'https:';
  const login = `${decoded(url.username)}:${decoded(url.password)}`;
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    secure,
    authorization: url.username === '' ? null : `Basic ${Buffer.from(login).toString('base64')}`,
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function isNever(host: string): boolean {
  if (host === 'localhost' || host.endsWith('.localhost') || host === 'metadata.google.internal') return true;
  return isIP(host) !== 0 && NEVER.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');
}

/** `*`, `example.com` and `.example.com` (with all subdomains), `10.0.0.0/8`, `fd00::/8`, and each with `:port`. */
function exclusions(text: string): (host: string, port: number) => boolean {
  const rules = text
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .map((entry) => exclusion(entry.toLowerCase()));
  return (host, port) => rules.some((excludes) => excludes(host, port));
}

function exclusion(entry: string): (host: string, port: number) => boolean {
  if (entry === '*') return () => true;
  const [, bracketed, plain = '', digits] = /^(?:\[([^\]]+)\]|([^:]*|[^:]*:[^:]*:.*?))(?::(\d+))?$/.exec(entry) ?? [];
  const name = bracketed ?? plain;
  const isPort = (port: number) => digits === undefined || Number(digits) === port;
  const [address = '', prefix] = name.split('/');
  const family = isIP(address);
  if (family !== 0) {
    const bits = Number(prefix ?? (family === 6 ? 128 : 32));
    if (!Number.isInteger(bits) || bits < 0 || bits > (family === 6 ? 128 : 32)) return () => false;
    const list = blockList([[address, bits]]);
    return (host, port) => isPort(port) && isIP(host) !== 0 && list.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');
  }
  const domain = name.replace(/^\*?\./, '').replace(/\.$/, '');
  return (host, port) => {
    const plainHost = host.replace(/\.$/, '');
    return domain !== '' && isPort(port) && (plainHost === domain || plainHost.endsWith(`.${domain}`));
  };
}

function blockList(networks: readonly (readonly [address: string, prefix: number])[]): BlockList {
  const list = new BlockList();
  for (const [address, prefix] of networks) list.addSubnet(address, prefix, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  return list;
}

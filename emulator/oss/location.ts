/** Reads bucket and object key from the path or the host of a request, and what kind of endpoint the host is. */

/** Decoded names. `key` is empty for a bucket operation, both are empty for ListBuckets. */
export interface ObjectLocation {
  readonly bucket: string;
  readonly key: string;
}

/** The owner's domain that is bound to a bucket. */
export interface CustomDomain {
  readonly domain: string;
  readonly bucket: string;
}

export interface KnownHosts {
  readonly isBucket: (name: string) => boolean;
  /** Null: every domain whose first label is a bucket is accepted. */
  readonly domains: readonly CustomDomain[] | null;
}

/** `public`: also a local address. */
export type EndpointKind = 'public' | 'internal' | 'accelerate' | 'domain' | 'cloudbox';

/** Hosts of the service: `oss-cn-beijing.aliyuncs.com`, `cn-beijing.oss.aliyuncs.com`, each with an optional bucket. */
const SERVICE_HOST =
  /^(?:([a-z0-9-]+)\.)?(?:oss[a-z0-9-]*|[a-z0-9-]+\.oss(?:-internal)?|cb-[a-z0-9-]+\.[a-z0-9-]+\.oss-cloudbox)\.aliyuncs\.com$/;
const CLOUD_BOX_HOST = /(?:^|\.)(cb-[a-z0-9-]+)\.([a-z0-9-]+)\.oss-cloudbox\.aliyuncs\.com$/;

/** The places of the finance cloud: a region has two, and a bucket is in one of them. */
const FINANCE_REGIONS: Readonly<Record<string, string>> = {
  'cn-hzjbp': 'cn-hangzhou-finance',
  'cn-hzfinance': 'cn-hangzhou-finance',
  'cn-shanghai-finance-1-pub': 'cn-shanghai-finance-1',
  'cn-szfinance': 'cn-shenzhen-finance-1',
  'cn-beijing-finance-1-pub': 'cn-beijing-finance-1',
};

/**
 * The possible locations, the most likely first. There are two if the host may contain the bucket: some clients put
 * the bucket into both host and path (ali-oss with `sldEnable`), others into the host only. The signature decides.
 * Throws URIError for an invalid percent-encoding.
 */
export function locationsOf(
  host: string,
  path: string,
  known: KnownHosts,
): readonly [ObjectLocation, ...ObjectLocation[]] {
  const byPath = locationInPath(path);
  const named = bucketOfHost(host, known);
  if (named === null) return [byPath];
  const byHost = { bucket: named.bucket, key: decodeURIComponent(path.slice(1)) };
  if (named.isDomain) return [byHost];
  return !named.isCertain || byPath.bucket === named.bucket ? [byPath, byHost] : [byHost, byPath];
}

/** The region of a vendor endpoint; null for an endpoint without a region and for any other host. */
export function regionOfHost(host: string): string | null {
  const cloudBox = CLOUD_BOX_HOST.exec(nameOf(host));
  if (cloudBox !== null) return cloudBox[2] ?? null;
  const place = placeOfHost(host);
  return place === null ? null : (FINANCE_REGIONS[place] ?? place);
}

/** As `regionOfHost`, with the two places of a finance region: `cn-hzfinance`. */
export function placeOfHost(host: string): string | null {
  const [, front, back] =
    /(?:^|\.)(?:oss-([a-z0-9-]+?)|([a-z0-9-]+)\.oss)(?:-internal)?\.aliyuncs\.com$/.exec(nameOf(host)) ?? [];
  const place = front ?? back ?? null;
  if (place === null || place.startsWith('accelerate')) return null;
  return place.replace(/^(cn-hzjbp)-[ab]$/, '$1');
}

/** The CloudBox whose OSS the host is; null: the OSS of a region. */
export function cloudBoxOfHost(host: string): string | null {
  return CLOUD_BOX_HOST.exec(nameOf(host))?.[1] ?? null;
}

export function kindOfHost(host: string, domains: readonly CustomDomain[] | null): EndpointKind {
  const name = nameOf(host);
  if (CLOUD_BOX_HOST.test(name)) return 'cloudbox';
  if (/(?:^|\.)oss-accelerate(?:-overseas)?\.aliyuncs\.com$/.test(name)) return 'accelerate';
  if (/-internal\.aliyuncs\.com$/.test(name)) return 'internal';
  return domains?.some(({ domain }) => domain === name) === true ? 'domain' : 'public';
}

function nameOf(host: string): string {
  return host.toLowerCase().replace(/:\d+$/, '');
}

function locationInPath(path: string): ObjectLocation {
  const end = path.indexOf('/', 1);
  if (end === -1) return { bucket: decodeURIComponent(path.slice(1)), key: '' };
  return { bucket: decodeURIComponent(path.slice(1, end)), key: decodeURIComponent(path.slice(end + 1)) };
}

interface NamedBucket {
  readonly bucket: string;
  readonly isCertain: boolean;
  /** The path contains only the key. */
  readonly isDomain?: boolean;
}

function bucketOfHost(host: string, { isBucket, domains }: KnownHosts): NamedBucket | null {
  const name = nameOf(host);
  const service = SERVICE_HOST.exec(name);
  if (service !== null) return service[1] === undefined ? null : { bucket: service[1], isCertain: true };
  if (name.endsWith('.localhost')) return { bucket: name.slice(0, -'.localhost'.length), isCertain: true };
  const bound = domains?.find(({ domain }) => domain === name);
  if (bound !== undefined) return { bucket: bound.bucket, isCertain: true, isDomain: true };
  // A name of this machine (`emulator`), or a bucket in front of one (`bucket.emulator`), which may not exist yet.
  const [label = '', ...rest] = name.split('.');
  if (rest.length === 0 || /^[\d.]+$/.test(name)) return null;
  // A domain that is bound to no bucket: OSS takes its name for that of a bucket.
  if (domains !== null && rest.length > 1) return { bucket: name, isCertain: true, isDomain: true };
  return { bucket: label, isCertain: isBucket(label) };
}

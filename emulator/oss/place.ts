/** Which bucket and object a request means: by its path, or by its host. */

/** Decoded. Both are empty for a call on the whole account, `key` for a call on the bucket. */
export interface Place {
  readonly bucket: string;
  readonly key: string;
}

/** Hosts of the service: `oss-cn-beijing.aliyuncs.com`, `cn-beijing.oss.aliyuncs.com`, each with an optional bucket. */
const SERVICE_HOST = /^(?:([a-z0-9-]+)\.)?(?:oss[a-z0-9-]*|[a-z0-9-]+\.oss(?:-internal)?)\.aliyuncs\.com$/;

/**
 * What the request may mean, the likelier reading first. There are two where the host names a bucket: some clients put
 * the bucket into host and path at once (ali-oss with `sldEnable`), others into the host alone; the signature tells.
 * Throws URIError on a broken escape.
 */
export function placesOf(
  host: string,
  path: string,
  isBucket: (name: string) => boolean,
): readonly [Place, ...Place[]] {
  const byPath = placeByPath(path);
  const named = bucketOfHost(host, isBucket);
  if (named === null) return [byPath];
  const byHost = { bucket: named.bucket, key: decodeURIComponent(path.slice(1)) };
  return !named.isCertain || byPath.bucket === named.bucket ? [byPath, byHost] : [byHost, byPath];
}

/** The region of the vendor's endpoint in the host; null for endpoints of no region, and for any other host. */
export function regionOfHost(host: string): string | null {
  const [, front, back] =
    /(?:^|\.)(?:oss-([a-z0-9-]+?)|([a-z0-9-]+)\.oss)(?:-internal)?\.aliyuncs\.com(?::\d+)?$/.exec(host.toLowerCase()) ??
    [];
  const region = front ?? back ?? null;
  return region?.startsWith('accelerate') ? null : region;
}

function placeByPath(path: string): Place {
  const end = path.indexOf('/', 1);
  if (end === -1) return { bucket: decodeURIComponent(path.slice(1)), key: '' };
  return { bucket: decodeURIComponent(path.slice(1, end)), key: decodeURIComponent(path.slice(end + 1)) };
}

function bucketOfHost(
  host: string,
  isBucket: (name: string) => boolean,
): { readonly bucket: string; readonly isCertain: boolean } | null {
  const name = host.toLowerCase().replace(/:\d+$/, '');
  const service = SERVICE_HOST.exec(name);
  if (service !== null) return service[1] === undefined ? null : { bucket: service[1], isCertain: true };
  if (name.endsWith('.localhost')) return { bucket: name.slice(0, -'.localhost'.length), isCertain: true };
  // Another name for this machine, `emulator`, or a bucket's, `bucket.emulator`, though there may be no such bucket yet.
  const [label = '', ...rest] = name.split('.');
  if (rest.length === 0 || /^[\d.]+$/.test(name)) return null;
  return { bucket: label, isCertain: isBucket(label) };
}

/** Reads bucket and object key from the path or the host of a request. */

/** Decoded names. `key` is empty for a bucket operation, both are empty for ListBuckets. */
export interface ObjectLocation {
  readonly bucket: string;
  readonly key: string;
}

/** Hosts of the service: `oss-cn-beijing.aliyuncs.com`, `cn-beijing.oss.aliyuncs.com`, each with an optional bucket. */
const SERVICE_HOST = /^(?:([a-z0-9-]+)\.)?(?:oss[a-z0-9-]*|[a-z0-9-]+\.oss(?:-internal)?)\.aliyuncs\.com$/;

/**
 * The possible locations, the most likely first. There are two if the host may contain the bucket: some clients put
 * the bucket into both host and path (ali-oss with `sldEnable`), others into the host only. The signature decides.
 * Throws URIError for an invalid percent-encoding.
 */
export function locationsOf(
  host: string,
  path: string,
  isBucket: (name: string) => boolean,
): readonly [ObjectLocation, ...ObjectLocation[]] {
  const byPath = locationInPath(path);
  const named = bucketOfHost(host, isBucket);
  if (named === null) return [byPath];
  const byHost = { bucket: named.bucket, key: decodeURIComponent(path.slice(1)) };
  return !named.isCertain || byPath.bucket === named.bucket ? [byPath, byHost] : [byHost, byPath];
}

/** The region of a vendor endpoint; null for an endpoint without a region and for any other host. */
export function regionOfHost(host: string): string | null {
  const [, front, back] =
    /(?:^|\.)(?:oss-([a-z0-9-]+?)|([a-z0-9-]+)\.oss)(?:-internal)?\.aliyuncs\.com(?::\d+)?$/.exec(host.toLowerCase()) ??
    [];
  const region = front ?? back ?? null;
  return region?.startsWith('accelerate') ? null : region;
}

function locationInPath(path: string): ObjectLocation {
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
  // A name of this machine (`emulator`), or a bucket in front of one (`bucket.emulator`), which may not exist yet.
  const [label = '', ...rest] = name.split('.');
  if (rest.length === 0 || /^[\d.]+$/.test(name)) return null;
  return { bucket: label, isCertain: isBucket(label) };
}

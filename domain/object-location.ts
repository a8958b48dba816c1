/**
 * The location of an object in OSS, and its only notation: `oss://BUCKET/KEY`, with `%`, `?`, `#` and control characters of
 * the key percent-encoded. Sources of a request, ledger keys and reported orphans all use it.
 */
export interface ObjectLocation {
  readonly bucket: string;
  readonly key: string;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: a location must be one line, also if the key contains a line break
const ENCODED = /[%?#\x00-\x1f\x7f]/g;

export function formatObjectLocation({ bucket, key }: ObjectLocation): string {
  return `oss://${bucket}/${key.replace(ENCODED, encodeURIComponent)}`;
}

/** Null if the text is not a location. Accepts any percent-encoding. A key is not a path, so `..` is not resolved. */
export function parseObjectLocation(text: string): ObjectLocation | null {
  const match = /^oss:\/\/([^/?#]*)\/?([^?#]*)$/i.exec(text);
  if (match === null) return null;
  try {
    return { bucket: match[1] ?? '', key: decodeURIComponent(match[2] ?? '') };
  } catch {
    return null;
  }
}

export function isSameObject(one: ObjectLocation, other: ObjectLocation): boolean {
  return one.bucket === other.bucket && one.key === other.key;
}

/** Objects of these storage classes can be read only after a restore. */
export function isArchiveClass(storageClass: string): boolean {
  return /archive$/i.test(storageClass);
}

/** URL libraries and proxies resolve such segments: every request for this key is sent for another one, and is refused. */
export function hasDotSegment(key: string): boolean {
  return key.split('/').some((segment) => segment === '.' || segment === '..');
}

/** Repairs a prefix that an earlier version accepted and under which nothing can be uploaded. */
export function usablePrefix(prefix: string): string {
  if (!hasDotSegment(prefix)) return prefix;
  return prefix
    .split('/')
    .filter((segment) => segment !== '.' && segment !== '..')
    .join('/')
    .replace(/^[/\\]+/, '');
}

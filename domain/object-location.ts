/**
 * Where an object is in OSS, and the one notation for it: `oss://BUCKET/KEY`, with `%`, `?`, `#` and control characters of
 * the key percent-encoded. Sources of a request, keys of the ledger and reported orphans are all written so.
 */
export interface ObjectLocation {
  readonly bucket: string;
  readonly key: string;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: a location is one line, whatever the key holds
const ENCODED = /[%?#\x00-\x1f\x7f]/g;

export function formatObjectLocation({ bucket, key }: ObjectLocation): string {
  return `oss://${bucket}/${key.replace(ENCODED, encodeURIComponent)}`;
}

/** Any percent-encoding is accepted. A key is not a path: `..` in it is not resolved. Null for anything else than a location. */
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
